"""EfficientNet's and EfficientNet-Lite's widths and depths as pure integers. No torch here.

Source: Tan and Le 2019, arXiv 1905.11946, table 1 and section 4. Of EfficientNet padding and eps are as in timm 1.0.31
and torchvision 0.28 (eps is 1e-3 in the original TensorFlow models, and padding there lies below and to the right).
EfficientNet-Lite: tensorflow/tpu at 22d5cab, models/official/efficientnet/lite/efficientnet_lite_builder.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from rexnet_core.network_config import BlockConfig, HeadConfig, NetConfig, Options, StemConfig, make_divisible

if TYPE_CHECKING:
    from collections.abc import Sequence

DIVISOR = 8
STEM_WIDTH = 32
HEAD_WIDTH = 1280
#: The squeeze width is the block's input over this, and not the middle's, which the papers before took.
SE_RATIO = 4


class Stage(NamedTuple):
    """A stage before it is scaled: the stride is that of the first of its blocks, which are `repeats`."""

    expansion: int
    kernel: int
    stride: int
    width: int
    repeats: int


STAGES = (
    Stage(1, 3, 1, 16, 1),
    Stage(6, 3, 2, 24, 2),
    Stage(6, 5, 2, 40, 2),
    Stage(6, 3, 2, 80, 3),
    Stage(6, 5, 1, 112, 3),
    Stage(6, 5, 2, 192, 4),
    Stage(6, 3, 1, 320, 1),
)


@dataclass(frozen=True, slots=True)
class Scale:
    """What makes one EfficientNet of the first: multipliers of width and depth, native input side [pixels], dropout."""

    width: float
    depth: float
    resolution: int
    dropout: float


SCALES = {
    "b0": Scale(1.0, 1.0, 224, 0.2),
    "b1": Scale(1.0, 1.1, 240, 0.2),
    "b2": Scale(1.1, 1.2, 260, 0.3),
    "b3": Scale(1.2, 1.4, 300, 0.3),
}
LITE_SCALES = {"0": SCALES["b0"], "1": SCALES["b1"], "2": SCALES["b2"]}
#: TensorFlow's, of which EfficientNet-Lite has its weights.
LITE_EPS = 1e-3


def efficientnet_config(name: str, size: str, options: Options) -> NetConfig:
    """EfficientNet of a published size (a key of `SCALES`): linear bottlenecks with SiLU and squeeze-excite throughout.

    Stem and head are scaled as the stages are.
    """
    scale = SCALES[size]
    w_stem = _scaled(STEM_WIDTH, scale)
    blocks = _blocks(scale, w_stem, [ceil(stage.repeats * scale.depth) for stage in STAGES])
    head = _head(blocks[-1].w_out, _scaled(HEAD_WIDTH, scale), scale, options)
    stem = StemConfig(w_in=options.in_channels, w_out=w_stem, act="silu")
    return NetConfig(name=name, family="efficientnet", stem=stem, blocks=blocks, head=head)


def efficientnet_lite_config(name: str, size: str, options: Options) -> NetConfig:
    """EfficientNet-Lite of a published size (a key of `LITE_SCALES`): no squeeze-excite, ReLU6, padding ``same``.

    Stem and head keep their widths at every scale, the first and the last stage their depths.
    """
    scale = LITE_SCALES[size]
    inner = [ceil(stage.repeats * scale.depth) for stage in STAGES[1:-1]]
    blocks = _blocks(scale, STEM_WIDTH, [STAGES[0].repeats, *inner, STAGES[-1].repeats])
    head = _head(blocks[-1].w_out, HEAD_WIDTH, scale, options)
    return NetConfig(
        name=name,
        family="efficientnet_lite",
        stem=StemConfig(w_in=options.in_channels, w_out=STEM_WIDTH, padding="same", act="relu6"),
        blocks=tuple(map(_lighten, blocks)),
        head=replace(head, act="relu6"),
        norm_eps=LITE_EPS,
    )


def _scaled(width: int, scale: Scale) -> int:
    return make_divisible(width * scale.width, DIVISOR)


def _blocks(scale: Scale, w_in: int, depths: Sequence[int]) -> tuple[BlockConfig, ...]:
    blocks: list[BlockConfig] = []
    for number, (stage, depth) in enumerate(zip(STAGES, depths, strict=True)):
        w_out = _scaled(stage.width, scale)
        for index in range(depth):
            blocks.append(_bottleneck(number, w_in, w_out, 1 if index else stage.stride, stage))
            w_in = w_out
    return tuple(blocks)


def _bottleneck(number: int, w_in: int, w_out: int, stride: int, stage: Stage) -> BlockConfig:
    expand = stage.expansion != 1
    return BlockConfig(
        stage=number,
        w_in=w_in,
        w_mid=w_in * stage.expansion,
        w_out=w_out,
        stride=stride,
        kernel=stage.kernel,
        groups=w_in * stage.expansion,
        w_se=max(1, w_in // SE_RATIO),
        se_norm=False,
        se_after_act=True,
        expand=expand,
        w_shortcut=w_in if stride == 1 and w_in == w_out else 0,
        act_in="silu" if expand else "none",
        act_mid="silu",
        act_se="silu",
    )


def _lighten(block: BlockConfig) -> BlockConfig:
    return replace(
        block, padding="same", w_se=0, act_in="relu6" if block.expand else "none", act_mid="relu6", act_se="relu6"
    )


def _head(w_in: int, w_conv: int, scale: Scale, options: Options) -> HeadConfig:
    return HeadConfig(
        w_in=w_in,
        w_conv=w_conv,
        act="silu",
        dropout=scale.dropout if options.dropout is None else options.dropout,
        num_classes=options.num_classes,
    )
