"""Where features of a model from elsewhere are taken by default: behind its blocks, and before its classifier."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from analysis.rank.network.taps import Tap, find_taps

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEAST_BLOCKS = 2
_MAP_AXES = 4


def find_guest_taps(
    model: nn.Module, image: torch.Tensor, patterns: Sequence[str] | None
) -> tuple[tuple[Tap, ...], dict[str, float]]:
    """The taps of a module that is none of our networks, and the depth of each: 0 for the first to run, 1 for the last.

    Without patterns these are the outputs of the blocks and what the last linear layer reads; where there are no
    blocks, every convolution, linear layer, norm and activation. A block is an element of a sequence, such as
    ``layer1.0``, with layers of its own and no blocks in it. The model runs once on a square image, which shows what
    runs in which order, and on which axis a block has its channels.

    Args:
        model: In eval mode.
        image: Shape (1, C, H, H).
        patterns: As `analysis.rank.network.taps.find_taps` takes them.

    Raises:
        UnknownNameError: A pattern fits nothing; the nearest name is offered.
        InputError: There is nothing to tap.
    """
    blocks = _find_blocks(model)
    taps = find_taps(model, patterns)
    if patterns is None and len(blocks) >= _LEAST_BLOCKS:
        taps = find_taps(model, [*blocks, *(f"{name}:input" for name in _find_last_linear(model))])
    shapes = _watch(model, image, [tap.module for tap in taps])
    if patterns is None:
        # What does not run, or gives several tensors, is left out where nobody has asked for it.
        taps = tuple(_refine(tap, shapes[tap.module]) for tap in taps if shapes.get(tap.module) is not None)
    order = list(shapes)
    taps = tuple(sorted(taps, key=lambda tap: order.index(tap.module) if tap.module in shapes else len(order)))
    return taps, {tap.name: place / max(1, len(taps) - 1) for place, tap in enumerate(taps)}


def _find_blocks(model: nn.Module) -> list[str]:
    modules = dict(model.named_modules())
    found = [name for name, module in modules.items() if _is_block(name, module)]
    return [name for name in found if not any(other.startswith(f"{name}.") for other in found)]


def _is_block(name: str, module: nn.Module) -> bool:
    element = name.rpartition(".")[2].isdigit()
    return element and any(module.children()) and not isinstance(module, nn.Sequential | nn.ModuleList)


def _find_last_linear(model: nn.Module) -> list[str]:
    return [name for name, module in model.named_modules() if isinstance(module, nn.Linear)][-1:]


def _refine(tap: Tap, shape: tuple[int, ...]) -> Tap:
    """The tap with what the shape of its output tells; the features before the classifier are marked as such."""
    square = len(shape) == _MAP_AXES and shape[1] == shape[2] != shape[3]
    point = "pooled" if tap.side == "input" else ""
    return replace(tap, channels_last=tap.channels_last or (square and tap.side == "output"), point=point)


def _watch(model: nn.Module, image: torch.Tensor, names: Sequence[str]) -> dict[str, Any]:
    """The shapes of the outputs of modules, in the order in which they first end; None for what is no one tensor."""
    shapes: dict[str, Any] = {}

    def note(name: str) -> Any:
        def after(_: nn.Module, __: Any, output: Any) -> None:
            shapes.setdefault(name, tuple(output.shape) if isinstance(output, torch.Tensor) else None)

        return after

    handles = [model.get_submodule(name).register_forward_hook(note(name)) for name in dict.fromkeys(names)]
    try:
        with torch.no_grad():
            model(image)
    finally:
        for handle in handles:
            handle.remove()
    return shapes
