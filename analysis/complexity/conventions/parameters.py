"""Learnable numbers of a model, layer by layer."""

from __future__ import annotations

from torch import nn

from analysis.complexity.conventions.record import Count, Part, make_count
from analysis.complexity.meta_run import Resolution, build_on_meta, check_shape

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def count_parameters(model: nn.Module | str, resolution: Resolution = 224) -> Count:
    """Weights, biases, and batch norm's scale and shift; buffers are not counted, nor does the input's size matter.

    Raises:
        InputError: Unknown name, or a side out of range.
    """
    shape = check_shape(resolution)
    parts = []
    for layer, module in build_on_meta(model).named_modules():
        kind = type(module).__name__
        usual = _group_of(module)
        for name, parameter in module.named_parameters(recurse=False):
            group = "bias" if name == "bias" and usual != "batch norm" else usual
            parts.append(Part(layer=layer, operator=f"{kind} {name}", group=group, amount=parameter.numel()))
    return make_count("params", model, shape, parts)


def _group_of(module: nn.Module) -> str:
    if isinstance(module, _NORMS):
        return "batch norm"
    return "linear" if isinstance(module, nn.Linear) else "convolution"
