"""Numbers that a model holds, layer by layer: those that are learned, and on request batch norm's statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from analysis.complexity.conventions.record import Count, Part, make_count
from analysis.complexity.inputs import Resolution, read_inputs
from analysis.complexity.meta_run import build_on_meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
#: What batch norms call their statistics, also those whose class is not torch's.
_STATISTICS = ("running_mean", "running_var")


def count_parameters(model: nn.Module | str, resolution: Resolution = 224, *, statistics: bool = False) -> Count:
    """Weights, biases, and batch norm's scale and shift; the input's size does not matter.

    A tensor that has several names counts once, under the first.

    Args:
        model: A registered name, or a module.
        resolution: Side, or height and width, of the image [pixels], or inputs of any kind; lazy modules learn their
            shapes from it.
        statistics: Whether to count running means and variances, too; other buffers are never counted.

    Raises:
        InputError: Unknown name, or a side out of range.
    """
    inputs = read_inputs(resolution)
    seen: set[int] = set()
    parts = []
    for layer, module in build_on_meta(model, inputs).named_modules():
        kind = type(module).__name__
        for name, tensor, group in _numbers(module, statistics=statistics):
            if id(tensor) not in seen and tensor.numel():
                seen.add(id(tensor))
                parts.append(Part(layer=layer, operator=f"{kind} {name}", group=group, amount=tensor.numel()))
    return make_count("params_with_statistics" if statistics else "params", model, inputs, parts)


def _numbers(module: nn.Module, *, statistics: bool) -> Iterator[tuple[str, torch.Tensor, str]]:
    """Name, tensor and group of what a module itself holds."""
    usual = _group_of(module)
    for name, parameter in module.named_parameters(recurse=False):
        yield name, parameter, "bias" if name == "bias" and usual != "batch norm" else usual
    for name, buffer in module.named_buffers(recurse=False):
        if statistics and name in _STATISTICS:
            yield name, buffer, "batch norm"


def _group_of(module: nn.Module) -> str:
    if isinstance(module, _NORMS):
        return "batch norm"
    return "linear" if isinstance(module, nn.Linear) else "convolution"
