"""Multiply-adds of convolutions and linear layers, and the same number doubled.

One multiply-add for each weight for each place it is applied to; nothing else counts. Papers on mobile networks call
this "FLOPs" (ReXNet, EfficientNet, MobileNetV2, RegNet: "FLOPs (multiply-adds)"). Whoever counts the multiplication
and the addition apart prints twice the number. `analysis.complexity.cost` has the definition in full.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.complexity.conventions.record import Count, Part, make_count
from analysis.complexity.inputs import Resolution, read_inputs
from analysis.complexity.meta_run import build_on_meta
from analysis.complexity.traced import watch_layers

if TYPE_CHECKING:
    from torch import nn


def count_multiply_adds(model: nn.Module | str, resolution: Resolution = 224, *, factor: int = 1) -> Count:
    """Multiply-adds, layer by layer; the operator is the kind of layer.

    Args:
        model: A registered name, or a module.
        resolution: Side, or height and width, of the image [pixels], or inputs of any kind.
        factor: 1, or 2 to count the multiplication and the addition apart.

    Raises:
        InputError: Unknown name, or a side out of range.
    """
    inputs = read_inputs(resolution)
    tally = watch_layers(build_on_meta(model, inputs), inputs)
    parts = (
        Part(
            layer=layer.layer,
            operator=layer.kind,
            group="linear" if layer.kind == "linear" else "convolution",
            amount=factor * layer.macs,
        )
        for layer in tally.layers()
        if layer.macs
    )
    return make_count("macs" if factor == 1 else "two_per_mac", model, inputs, parts, tally.uncounted())
