"""Running a copy of a model once on tensors without data: what every counter that watches torch shares."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._pytree import tree_leaves

import rexnet_core
from analysis.complexity.module_copy import copy_without_data, has_lazy_tensors, originals_stay_out
from analysis.complexity.operations import Answering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analysis.complexity.inputs import Inputs


def build_on_meta(model: torch.nn.Module | str, inputs: Inputs, num_classes: int = 1000) -> torch.nn.Module:
    """A model without data in its tensors, in inference mode: the named one, or a copy of a module.

    Args:
        model: A registered name, or a module, which stays as it is.
        inputs: What it will run on, from which lazy modules learn their shapes; a named model is made for the channels
            of the image.
        num_classes: Outputs of the classifier of a named model.

    Raises:
        InputError: Unknown name, an option out of range, or a module that can't be copied.
    """
    if isinstance(model, str):
        return _build_named(model, num_classes, inputs.channels)
    return learn_shapes(copy_without_data(model), inputs)


def learn_shapes(module: torch.nn.Module, inputs: Inputs) -> torch.nn.Module:
    """The module itself; one with lazy submodules has run once, which gives them their shapes."""
    if has_lazy_tensors(module):
        tensors = make_tensors(module, inputs)
        run_once(module, tensors, Answering() if tensors[0].is_meta else contextlib.nullcontext())  # type: ignore[no-untyped-call]
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
def make_tensors(module: torch.nn.Module, inputs: Inputs) -> tuple[torch.Tensor, ...]:
    """Zeros on the device of the first numbers that the module has, and of their type where the inputs name none."""
    numbers = (tensor for tensor in (*module.parameters(), *module.buffers()) if tensor.is_floating_point())
    first = next(numbers, torch.empty(0))
    kinds = [getattr(torch, dtype) for dtype in inputs.dtypes] or [first.dtype] * len(inputs.shapes)
    return tuple(
        torch.zeros(shape, device=first.device, dtype=kind) for shape, kind in zip(inputs.shapes, kinds, strict=True)
    )


@contextlib.contextmanager
def plain_outputs(module: torch.nn.Module) -> Iterator[None]:
    """A context in which a copy gives its tensors in a tuple where it gives more than one, as `torch.jit` needs."""
    forward = module.forward

    def flat(*tensors: torch.Tensor) -> Any:
        outputs = forward(*tensors)
        if isinstance(outputs, torch.Tensor):
            return outputs
        return tuple(leaf for leaf in tree_leaves(outputs) if isinstance(leaf, torch.Tensor))

    own = vars(module).get("forward")
    module.forward = flat
    try:
        yield
    finally:
        del module.forward
        if own is not None:
            module.forward = own


def run_once(
    module: torch.nn.Module, tensors: tuple[torch.Tensor, ...], watch: contextlib.AbstractContextManager[object]
) -> None:
    """Run a copy once on tensors from `make_tensors`, without gradients, inside `watch`."""
    # In the inference mode of a caller, operations would come as wholes that are made of others elsewhere.
    with torch.inference_mode(mode=False), torch.no_grad(), originals_stay_out(module), watch:
        module(*tensors)
