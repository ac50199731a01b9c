"""Learnable numbers of a model, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.complexity.conventions.record import Count, Part
from analysis.complexity.meta_run import Resolution, build_on_meta, check_shape, name_of

if TYPE_CHECKING:
    from torch import nn

_NORMS = "BatchNorm"


def count_parameters(model: nn.Module | str, resolution: Resolution = 224) -> Count:
    """Weights, biases, and batch norm's scale and shift; buffers are not counted, nor does the input's size matter.

    Raises:
        InputError: Unknown name, or a side out of range.
    """
    height, width = check_shape(resolution)
    parts = []
    for layer, module in build_on_meta(model).named_modules():
        kind = type(module).__name__
        for name, parameter in module.named_parameters(recurse=False):
            group = "batch norm" if _NORMS in kind else "linear" if kind == "Linear" else "convolution"
            if name == "bias" and group != "batch norm":
                group = "bias"
            parts.append(Part(layer=layer, operator=f"{kind} {name}", group=group, amount=parameter.numel()))
    return Count(convention="params", model=name_of(model), height=height, width=width, parts=tuple(parts))
