"""Multiply-adds of convolutions and linear layers, and the same number doubled.

One multiply-add for each weight for each place it is applied to; nothing else counts. Papers on mobile networks call
this "FLOPs" (ReXNet, EfficientNet, MobileNetV2, RegNet: "FLOPs (multiply-adds)"). Whoever counts the multiplication
and the addition apart prints twice the number. `analysis.complexity.cost` has the definition in full.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.complexity.conventions.record import Count, Part
from analysis.complexity.meta_run import Resolution, build_on_meta, check_shape, name_of
from analysis.complexity.traced import watch_layers

if TYPE_CHECKING:
    from torch import nn


def count_multiply_adds(model: nn.Module | str, resolution: Resolution = 224) -> Count:
    """Multiply-adds, layer by layer; the operator is the kind of layer.

    Raises:
        InputError: Unknown name, or a side out of range.
    """
    return _count("macs", model, resolution, factor=1)


def count_doubled(model: nn.Module | str, resolution: Resolution = 224) -> Count:
    """Twice the multiply-adds: the multiplication and the addition apart.

    Raises:
        InputError: Unknown name, or a side out of range.
    """
    return _count("two_per_mac", model, resolution, factor=2)


def _count(convention: str, model: nn.Module | str, resolution: Resolution, factor: int) -> Count:
    shape = check_shape(resolution)
    tally = watch_layers(build_on_meta(model), shape)
    parts = tuple(
        Part(
            layer=layer.layer,
            operator=layer.kind,
            group="linear" if layer.kind == "linear" else "convolution",
            amount=factor * layer.macs,
        )
        for layer in tally.layers()
        if layer.macs
    )
    height, width = shape
    return Count(
        convention=convention,
        model=name_of(model),
        height=height,
        width=width,
        parts=parts,
        uncounted=tally.uncounted(),
    )
