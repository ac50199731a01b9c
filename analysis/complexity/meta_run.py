"""Running a copy of a model once on tensors without data: what every counter that watches torch shares."""

from __future__ import annotations

import contextlib
import functools

import torch

import rexnet_core
from analysis.complexity.module_copy import copy_without_data, has_lazy_tensors, originals_stay_out
from analysis.complexity.operations import Answering
from analysis.complexity.resolution import check_resolution
from rexnet_core.errors import InputError

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


def build_on_meta(
    model: torch.nn.Module | str, shape: tuple[int, int], in_channels: int = 3, num_classes: int = 1000
) -> torch.nn.Module:
    """A model without data in its tensors, in inference mode: the named one, or a copy of a module.

    Args:
        model: A registered name, or a module, which stays as it is.
        shape: Height and width of the image [pixels], from which lazy modules learn their shapes.
        in_channels: Channels of the image.
        num_classes: Outputs of the classifier of a named model.

    Raises:
        InputError: Unknown name, an option out of range, or a module that can't be copied.
    """
    if isinstance(model, str):
        return _build_named(model, num_classes, in_channels)
    return learn_shapes(copy_without_data(model), shape, in_channels)


def learn_shapes(module: torch.nn.Module, shape: tuple[int, int], in_channels: int = 3) -> torch.nn.Module:
    """The module itself; one with lazy submodules has run once, which gives them their shapes."""
    if has_lazy_tensors(module):
        image = make_image(module, shape, in_channels)
        run_once(module, image, Answering() if image.is_meta else contextlib.nullcontext())  # type: ignore[no-untyped-call]
    return module


@functools.lru_cache(maxsize=2)
@torch.inference_mode(mode=False)
def _build_named(name: str, num_classes: int, in_channels: int) -> torch.nn.Module:
    """The last models are kept, for each is counted in many ways; whoever counts leaves them as they were."""
    with torch.device("meta"):
        return rexnet_core.create_model(name, num_classes=num_classes, in_channels=in_channels).eval()


def name_of(model: torch.nn.Module | str) -> str:
    """The name a count bears: the registered one, or the module's class."""
    return model if isinstance(model, str) else type(model).__name__


@torch.inference_mode(mode=False)
def make_image(module: torch.nn.Module, shape: tuple[int, int], in_channels: int = 3) -> torch.Tensor:
    """An image ``(1, C, H, W)`` of zeros on the device, and of the type, of the first numbers that the module has."""
    numbers = (tensor for tensor in (*module.parameters(), *module.buffers()) if tensor.is_floating_point())
    first = next(numbers, torch.empty(0))
    return torch.zeros(1, in_channels, *shape, device=first.device, dtype=first.dtype)


def run_once(module: torch.nn.Module, image: torch.Tensor, watch: contextlib.AbstractContextManager[object]) -> None:
    """Run a copy once on an image from `make_image`, without gradients, inside `watch`."""
    # In the inference mode of a caller, operations would come as wholes that are made of others elsewhere.
    with torch.inference_mode(mode=False), torch.no_grad(), originals_stay_out(module), watch:
        module(image)
