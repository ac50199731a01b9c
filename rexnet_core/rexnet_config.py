"""The channel schedules of the ReXNet family as pure integers. No torch here."""

from __future__ import annotations

from itertools import accumulate, pairwise, repeat
from math import ceil
from typing import TYPE_CHECKING

from rexnet_core.network_config import (
    Activation,
    BlockConfig,
    HeadConfig,
    NetConfig,
    Options,
    StemConfig,
    make_divisible,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

# clovaai/rexnet rexnetv1.py and rexnetv1_lite.py at 61debcc.
DEPTHS = (1, 2, 2, 3, 3, 5)
STRIDES = (1, 2, 2, 2, 1, 2)
FIRST_SE_STAGE = 2
STEM_WIDTH = 32
FIRST_WIDTH = 16
V1_INCREMENT = 180
LITE_INCREMENT = 164
EXPANSION = 6
SE_RATIO = 12
HEAD_WIDTH = 1280
LITE_HIDDEN_WIDTH = 1024
DROPOUT = 0.2

# ReXNet paper v3, architecture figure; the second width is 144 here, docs/models.md says why.
PLAIN_WIDTHS = (96, 144, 192, 240, 288, 336, 384, 432, 480, 528, 576, 624, 1024)
PLAIN_STAGES = (0, 1, 1, 2, 2, 3, 3, 3, 3, 3, 3, 4, 4)


def rexnet_config(
    name: str, width_mult: float, options: Options, *, depth_mult: float = 1.0, use_se: bool = True
) -> NetConfig:
    """ReXNet v1: widths grow linearly with the block index, by 180 in all.

    Source: arXiv 2007.00992v3; clovaai/rexnet rexnetv1.py at 61debcc.
    """
    stages = _stage_of_blocks(tuple(ceil(depth * depth_mult) for depth in DEPTHS))
    widths = _linear_widths(width_mult, V1_INCREMENT / len(stages), len(stages))
    mids = _expanded(widths, stages)
    squeezes = [
        mid // SE_RATIO if use_se and stage >= FIRST_SE_STAGE else 0 for mid, stage in zip(mids, stages, strict=True)
    ]
    blocks = _bottlenecks(widths, mids, squeezes, stages, ("silu", "relu6"))
    return _assemble(name, "rexnet", blocks, options, act="silu", w_conv=int(HEAD_WIDTH * width_mult))


def rexnetr_config(
    name: str, width_mult: float, options: Options, *, depth_mult: float = 1.0, use_se: bool = True
) -> NetConfig:
    """ReXNet v1 with every width rounded to a multiple of 8, or of 16 at width 3.0.

    Source: timm 1.0.31 ``rexnetr_*``.
    """
    divisor = 16 if width_mult == 3.0 else 8  # noqa: PLR2004 - the one exception of the published models
    stages = _stage_of_blocks(tuple(ceil(depth * depth_mult) for depth in DEPTHS))
    plain = _linear_widths(width_mult, V1_INCREMENT / len(stages), len(stages))
    widths = [make_divisible(width, divisor) for width in plain]
    mids = [make_divisible(mid, divisor) for mid in _expanded(widths, stages)]
    squeezes = [
        make_divisible(int(mid / SE_RATIO), divisor) if use_se and stage >= FIRST_SE_STAGE else 0
        for mid, stage in zip(mids, stages, strict=True)
    ]
    blocks = _bottlenecks(widths, mids, squeezes, stages, ("silu", "relu6"))
    w_conv = make_divisible(HEAD_WIDTH * width_mult, divisor)
    return _assemble(name, "rexnetr", blocks, options, act="silu", w_conv=w_conv)


def rexnet_lite_config(name: str, width_mult: float, options: Options) -> NetConfig:
    """ReXNet-lite: no squeeze-excite, ReLU6 throughout, widths in multiples of 8, a hidden layer of 1024.

    Source: clovaai/rexnet rexnetv1_lite.py at 61debcc.
    """
    stages = _stage_of_blocks(DEPTHS)
    plain = _linear_widths(width_mult, LITE_INCREMENT / (len(stages) - 1), len(stages))
    widths = [make_divisible(width, 8) for width in plain]
    mids = _expanded(widths, stages)
    blocks = _bottlenecks(widths, mids, [0] * len(mids), stages, ("relu6", "relu6"))
    w_conv = int(HEAD_WIDTH * width_mult) if width_mult > 1 else HEAD_WIDTH
    return _assemble(name, "rexnet_lite", blocks, options, act="relu6", w_conv=w_conv, w_hidden=LITE_HIDDEN_WIDTH)


def rexnet_plain_config(name: str, options: Options) -> NetConfig:
    """ReXNet (plain): MobileNetV1's separable blocks with linearly growing widths and no shortcut.

    Source: arXiv 2007.00992v3, architecture figure, as far as it agrees with the printed costs (docs/models.md).
    """
    blocks = [
        BlockConfig(
            stage=stage,
            w_in=w_in,
            w_mid=w_in,
            w_out=w_out,
            # Each stage but the first halves the map in its first block, as MobileNetV1 does.
            stride=2 if index > 0 and stage != PLAIN_STAGES[index - 1] else 1,
            groups=w_in,
            expand=False,
            act_out="silu",
        )
        for index, (stage, (w_in, w_out)) in enumerate(
            zip(PLAIN_STAGES, pairwise((STEM_WIDTH, *PLAIN_WIDTHS)), strict=True)
        )
    ]
    return _assemble(name, "rexnet_plain", blocks, options, act="silu")


def _stage_of_blocks(depths: Sequence[int]) -> list[int]:
    return [stage for stage, depth in enumerate(depths) for _ in range(depth)]


def _linear_widths(width_mult: float, increment: float, depth: int) -> list[int]:
    """The stem's width, then each block's; below width 1 the stem and the first block keep 32 and 16.

    The sum runs from block to block, as in the public code: a product in its place rounds another way at some widths,
    such as 83.4999 where the sum is 83.5, and is then not the public network.
    """
    base = min(width_mult, 1.0)
    sums = accumulate(repeat(increment, depth - 1), initial=FIRST_WIDTH / base)
    return [round(STEM_WIDTH / base * width_mult), *(round(width * width_mult) for width in sums)]


def _expanded(widths: Sequence[int], stages: Sequence[int]) -> list[int]:
    """The middle width of each block: its input's in the first stage, then six times that."""
    return [w_in if stage == 0 else w_in * EXPANSION for w_in, stage in zip(widths[:-1], stages, strict=True)]


def _bottlenecks(
    widths: Sequence[int],
    mids: Sequence[int],
    squeezes: Sequence[int],
    stages: Sequence[int],
    acts: tuple[Activation, Activation],
) -> list[BlockConfig]:
    """Linear bottlenecks; where the map keeps its size and the width does not shrink, the input is added."""
    blocks: list[BlockConfig] = []
    for stage, (w_in, w_out), w_mid, w_se in zip(stages, pairwise(widths), mids, squeezes, strict=True):
        first = not blocks or blocks[-1].stage != stage
        stride = STRIDES[stage] if first else 1
        expand = stage > 0
        block = BlockConfig(
            stage=stage,
            w_in=w_in,
            w_mid=w_mid,
            w_out=w_out,
            stride=stride,
            groups=w_mid,
            w_se=w_se,
            expand=expand,
            w_shortcut=w_in if stride == 1 and w_in <= w_out else 0,
            act_in=acts[0] if expand else "none",
            act_mid=acts[1],
        )
        blocks.append(block)
    return blocks


def _assemble(
    name: str,
    family: str,
    blocks: Sequence[BlockConfig],
    options: Options,
    *,
    act: Activation,
    w_conv: int = 0,
    w_hidden: int = 0,
) -> NetConfig:
    head = HeadConfig(
        w_in=blocks[-1].w_out,
        w_conv=w_conv,
        w_hidden=w_hidden,
        act=act,
        dropout=DROPOUT if options.dropout is None else options.dropout,
        num_classes=options.num_classes,
    )
    stem = StemConfig(w_in=options.in_channels, w_out=blocks[0].w_in, act=act)
    return NetConfig(name=name, family=family, stem=stem, blocks=tuple(blocks), head=head)
