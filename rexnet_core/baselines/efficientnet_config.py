"""EfficientNet's widths and depths as pure integers. No torch here.

Source: Tan and Le 2019, arXiv 1905.11946, table 1 and section 4; padding and eps as in timm 1.0.31 and torchvision
0.28 (eps is 1e-3 in the original TensorFlow models, and padding there lies below and to the right).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from rexnet_core.network_config import BlockConfig, HeadConfig, NetConfig, Options, StemConfig, make_divisible

DIVISOR = 8
STEM_WIDTH = 32
HEAD_WIDTH = 1280
#: The squeeze width is the block's input over this, and not the middle's, which the papers before took.
SE_RATIO = 4

#: Per stage: expansion, kernel, stride of the first block, width, blocks.
STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
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


def efficientnet_config(name: str, size: str, options: Options) -> NetConfig:
    """EfficientNet of a published size (a key of `SCALES`): linear bottlenecks with SiLU and squeeze-excite throughout.

    Stem and head are scaled as the stages are.
    """
    scale = SCALES[size]
    w_stem = w_in = _scaled(STEM_WIDTH, scale)
    blocks: list[BlockConfig] = []
    for stage, (expansion, kernel, first_stride, width, repeats) in enumerate(STAGES):
        w_out = _scaled(width, scale)
        for index in range(ceil(repeats * scale.depth)):
            stride = 1 if index else first_stride
            blocks.append(_bottleneck(stage, w_in, w_out, stride, kernel=kernel, expansion=expansion))
            w_in = w_out
    head = HeadConfig(
        w_in=w_in,
        w_conv=_scaled(HEAD_WIDTH, scale),
        act="silu",
        dropout=scale.dropout if options.dropout is None else options.dropout,
        num_classes=options.num_classes,
    )
    stem = StemConfig(w_in=options.in_channels, w_out=w_stem, act="silu")
    return NetConfig(name=name, family="efficientnet", stem=stem, blocks=tuple(blocks), head=head)


def _scaled(width: int, scale: Scale) -> int:
    return make_divisible(width * scale.width, DIVISOR)


def _bottleneck(stage: int, w_in: int, w_out: int, stride: int, *, kernel: int, expansion: int) -> BlockConfig:
    expand = expansion != 1
    return BlockConfig(
        stage=stage,
        w_in=w_in,
        w_mid=w_in * expansion,
        w_out=w_out,
        stride=stride,
        kernel=kernel,
        groups=w_in * expansion,
        w_se=max(1, w_in // SE_RATIO),
        se_norm=False,
        se_after_act=True,
        expand=expand,
        w_shortcut=w_in if stride == 1 and w_in == w_out else 0,
        act_in="silu" if expand else "none",
        act_mid="silu",
        act_se="silu",
    )
