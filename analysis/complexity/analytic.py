"""Costs counted from the config alone, in integers; no torch is imported.

The walk follows the grammar of `rexnet_core.network_config` in the order the network runs, and names each layer as its
module is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.complexity.cost import Cost
from analysis.complexity.resolution import check_resolution
from analysis.complexity.walk import Place, ShapeWalk
from rexnet_core.block_layers import LAYERS
from rexnet_core.registry import model_config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rexnet_core.block_layers import BlockLayer
    from rexnet_core.network_config import BlockConfig, HeadConfig, NetConfig


def count(model: str, resolution: int = 224, *, num_classes: int = 1000, in_channels: int = 3) -> Cost:
    """The cost of a named model for one image.

    Args:
        model: Registered name, such as ``rexnet_1.3``.
        resolution: Side of the square input [pixels].
        num_classes: Outputs of the classifier.
        in_channels: Channels of the input.

    Raises:
        InputError: Unknown name, or a number out of range.
    """
    return count_config(model_config(model, num_classes=num_classes, in_channels=in_channels), resolution)


def count_config(config: NetConfig, resolution: int = 224) -> Cost:
    """The cost of any network in the grammar for one image.

    Args:
        config: The network, with whatever options it was made with.
        resolution: Side of the square input [pixels].

    Raises:
        InputError: Resolution out of range.
    """
    side = check_resolution(resolution)
    walk = ShapeWalk(Place(config.stem.w_in, side))
    walk.conv_norm("stem", config.stem.w_out, kernel=config.stem.kernel, stride=config.stem.stride)
    for stage, blocks in enumerate(config.stages):
        for index, block in enumerate(blocks):
            _block(walk, f"stages.{stage}.{index}.", LAYERS[config.block_kind](block), block)
    _head(walk, config.head)
    shape = (1, config.stem.w_in, side, side)
    return Cost(model=config.name, resolution=side, layers=tuple(walk.layers), input_shapes=(shape,))


def _block(walk: ShapeWalk, prefix: str, layers: Sequence[BlockLayer], block: BlockConfig) -> None:
    entry = walk.place
    for layer in layers:
        if layer.kind == "se":
            _squeeze_excite(walk, prefix + layer.module, block)
        elif layer.kind in ("conv", "projection"):
            leave = walk.place
            if layer.kind == "projection":
                walk.place = entry
            sizes = {"kernel": layer.kernel, "stride": layer.stride, "groups": layer.groups}
            walk.conv_norm(prefix + layer.module, layer.w_out, **sizes)
            assert layer.kind == "conv" or walk.place == leave  # both branches are added


def _squeeze_excite(walk: ShapeWalk, name: str, block: BlockConfig) -> None:
    map_place = walk.place
    walk.pool()
    walk.conv(f"{name}.reduce", block.w_se, bias=True, normed=block.se_norm)
    if block.se_norm:
        walk.norm(f"{name}.norm")
    walk.conv(f"{name}.expand", block.w_mid, bias=True)
    walk.place = map_place


def _head(walk: ShapeWalk, head: HeadConfig) -> None:
    if head.w_conv:
        walk.conv_norm("head_conv", head.w_conv)
    walk.pool()
    if head.w_hidden:
        walk.linear("hidden.linear", head.w_hidden)
        walk.norm("hidden.norm")
    walk.linear("classifier", head.num_classes)
