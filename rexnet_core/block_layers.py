"""What each kind of block runs, step by step: its layers, their places in the module, its tap points. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rexnet_core.network_config import Activation, BlockConfig, BlockKind


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockLayer:
    """One step of a block.

    Args:
        kind: ``conv`` (with its batch norm), ``act``, ``se`` (squeeze-excite), ``projection`` (a convolution of the
            shortcut), or ``add`` (the sum with the shortcut).
        point: Tap point behind the step; empty for a projection.
        module: Dotted name within the block; empty for the block itself.
        side: Whether the features are the ``output`` of the module, or the ``input`` that it overwrites.
        w_out: Output width of a convolution [channels].
        kernel: Side of its kernel.
        stride: Of a convolution.
        groups: Of a convolution.
    """

    kind: Literal["conv", "act", "se", "projection", "add"]
    point: str = ""
    module: str = ""
    side: Literal["input", "output"] = "output"
    w_out: int = 0
    kernel: int = 1
    stride: int = 1
    groups: int = 1


def _activation(act: Activation, point: str, module: str) -> list[BlockLayer]:
    return [] if act == "none" else [BlockLayer(kind="act", point=point, module=module)]


def _middle(c: BlockConfig, module: str) -> BlockLayer:
    return BlockLayer(
        kind="conv",
        point="depthwise",
        module=module,
        w_out=c.w_mid,
        kernel=c.kernel,
        stride=c.stride,
        groups=c.groups,
    )


def linear_bottleneck_layers(c: BlockConfig) -> tuple[BlockLayer, ...]:
    """The layers of `rexnet_core.blocks.LinearBottleneck`."""
    layers: list[BlockLayer] = []
    if c.expand:
        layers.append(BlockLayer(kind="conv", point="expand", module="body.expand", w_out=c.w_mid))
        layers += _activation(c.act_in, "act", "body.expand.act")
    layers.append(_middle(c, "body.depthwise"))
    gates = [BlockLayer(kind="se", point="se", module="body.se")] if c.w_se else []
    act = _activation(c.act_mid, "act2", "body.act")
    layers += [*act, *gates] if c.se_after_act else [*gates, *act]
    layers.append(BlockLayer(kind="conv", point="project", module="body.project", w_out=c.w_out))
    layers += _activation(c.act_out, "out", "body.project.act")
    return (*layers, BlockLayer(kind="add", point="add")) if c.w_shortcut else tuple(layers)


def residual_bottleneck_layers(c: BlockConfig) -> tuple[BlockLayer, ...]:
    """The layers of `rexnet_core.blocks.ResidualBottleneck`."""
    projection = BlockLayer(kind="projection", module="projection", w_out=c.w_out, stride=c.stride)
    return (
        BlockLayer(kind="conv", point="expand", module="conv1", w_out=c.w_mid),
        *_activation(c.act_in, "act", "conv1.act"),
        _middle(c, "conv2"),
        *_activation(c.act_mid, "act2", "conv2.act"),
        BlockLayer(kind="conv", point="project", module="conv3", w_out=c.w_out),
        *([projection] if c.projection else []),
        # The sum has no module of its own: the activation that overwrites the sum receives it.
        BlockLayer(kind="add", point="add", module="act", side="input"),
        BlockLayer(kind="act", point="out", module="act"),
    )


LAYERS: Mapping[BlockKind, Callable[[BlockConfig], tuple[BlockLayer, ...]]] = {
    "linear_bottleneck": linear_bottleneck_layers,
    "residual_bottleneck": residual_bottleneck_layers,
}
