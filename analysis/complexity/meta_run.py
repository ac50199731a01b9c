"""Running a model once on tensors without data: what every counter that watches torch shares."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any

import torch

import rexnet_core
from analysis.complexity.resolution import check_resolution
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A side, or height and width [pixels].
Resolution = int | tuple[int, int]


def check_shape(resolution: Resolution) -> tuple[int, int]:
    """Height and width of the input [pixels]; a single number is a square.

    Raises:
        InputError: A side breaks the rule of `check_resolution`, or there are not two.
    """
    if not isinstance(resolution, tuple):
        side = check_resolution(resolution)
        return side, side
    if len(resolution) != 2:  # noqa: PLR2004 - height and width
        raise InputError(f"an input has a height and a width, got {resolution!r}; give one side or two")
    return check_resolution(resolution[0]), check_resolution(resolution[1])


def build_on_meta(model: torch.nn.Module | str) -> torch.nn.Module:
    """The named model without data in its tensors; a module comes back as it is.

    Raises:
        InputError: Unknown name.
    """
    return _build_named(model) if isinstance(model, str) else model


@functools.lru_cache(maxsize=2)
def _build_named(name: str) -> torch.nn.Module:
    """The last models are kept, for each is counted in many ways; whoever counts leaves them as they were."""
    with torch.device("meta"):
        return rexnet_core.create_model(name)


def name_of(model: torch.nn.Module | str) -> str:
    """The name a count bears: the registered one, or the module's class."""
    return model if isinstance(model, str) else type(model).__name__


def run_on_meta(
    module: torch.nn.Module,
    image: torch.Tensor,
    stand_ins: dict[str, torch.Tensor],
    watch: contextlib.AbstractContextManager[object],
) -> None:
    """Run the module once in inference mode inside `watch`.

    Args:
        module: Keeps its weights, and its training mode.
        image: ``(1, C, H, W)`` on `meta`.
        stand_ins: From `find_stand_ins`.
        watch: Entered for the time of the run.
    """
    with inference(module), torch.no_grad(), watch:
        if stand_ins:
            torch.func.functional_call(module, stand_ins, image)
        else:
            module(image)


def find_stand_ins(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Tensors without data for each parameter and buffer; empty where the module is on `meta` as it is."""
    tensors: dict[str, Any] = dict(module.named_parameters()) | dict(module.named_buffers())
    if all(tensor.is_meta for tensor in tensors.values()):
        return {}
    return {name: torch.empty_like(tensor, device="meta") for name, tensor in tensors.items()}


@contextlib.contextmanager
def inference(module: torch.nn.Module) -> Iterator[None]:
    """Every submodule in inference mode, and afterwards each in the mode it was in."""
    training = [child for child in module.modules() if child.training]
    for child in training:
        child.training = False
    try:
        yield
    finally:
        for child in training:
            child.training = True
