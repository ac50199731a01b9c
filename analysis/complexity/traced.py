"""Costs counted while the model runs once on tensors without data; independent of the configs.

The counter stands below every layer of Python: it sees the operations themselves with the shapes torch gives them,
and knows a layer by the parameter an operation reads. So it counts models it has never heard of, and what it does
not count it gives back by name.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import torch

import rexnet_core
from analysis.complexity.cost import Cost
from analysis.complexity.resolution import check_resolution
from analysis.complexity.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator


def trace(model: torch.nn.Module | str, resolution: int = 224, *, in_channels: int = 3) -> Cost:
    """The cost of any model for one image; it runs once, on the `meta` device, in inference mode.

    Args:
        model: A registered name, or a module that maps ``(1, in_channels, resolution, resolution)`` to anything. A
            module with real weights keeps them, and its training mode.
        resolution: Side of the square input [pixels].
        in_channels: Channels of the input.

    Raises:
        InputError: Unknown name, or resolution out of range.
    """
    side = check_resolution(resolution)
    name = model if isinstance(model, str) else type(model).__name__
    module = _build(model) if isinstance(model, str) else model
    image = torch.empty(1, in_channels, side, side, device="meta")
    stand_ins = _stand_ins(module)
    tally = Tally(module, stand_ins)
    with _inference(module), torch.no_grad(), tally:
        if stand_ins:
            torch.func.functional_call(module, stand_ins, image)
        else:
            module(image)
    return Cost(model=name, resolution=side, layers=tally.layers(), uncounted=tally.uncounted())


def _build(name: str) -> torch.nn.Module:
    with torch.device("meta"):
        return rexnet_core.create_model(name)


def _stand_ins(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Tensors without data for each parameter and buffer; empty where the module is on `meta` as it is."""
    tensors: dict[str, Any] = dict(module.named_parameters()) | dict(module.named_buffers())
    if all(tensor.is_meta for tensor in tensors.values()):
        return {}
    return {name: torch.empty_like(tensor, device="meta") for name, tensor in tensors.items()}


@contextlib.contextmanager
def _inference(module: torch.nn.Module) -> Iterator[None]:
    """Every submodule in inference mode, and afterwards each in the mode it was in."""
    training = [child for child in module.modules() if child.training]
    for child in training:
        child.training = False
    try:
        yield
    finally:
        for child in training:
            child.training = True
