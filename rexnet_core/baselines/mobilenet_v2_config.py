"""MobileNetV2's widths as pure integers. No torch here.

Source: Sandler et al. 2018, arXiv 1801.04381, table 2.
"""

from __future__ import annotations

from rexnet_core.network_config import BlockConfig, HeadConfig, NetConfig, Options, StemConfig, make_divisible

DIVISOR = 8
STEM_WIDTH = 32
HEAD_WIDTH = 1280
DROPOUT = 0.2

#: Per stage: expansion, width, blocks, stride of the first block.
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


def mobilenet_v2_config(name: str, width_mult: float, options: Options) -> NetConfig:
    """MobileNetV2: linear bottlenecks with ReLU6; the head's width grows with `width_mult` and never shrinks."""
    w_stem = w_in = make_divisible(STEM_WIDTH * width_mult, DIVISOR)
    blocks: list[BlockConfig] = []
    for stage, (expansion, width, repeats, first_stride) in enumerate(STAGES):
        w_out = make_divisible(width * width_mult, DIVISOR)
        for index in range(repeats):
            stride = 1 if index else first_stride
            blocks.append(_bottleneck(stage, w_in, w_out, stride, expansion))
            w_in = w_out
    head = HeadConfig(
        w_in=w_in,
        w_conv=make_divisible(HEAD_WIDTH * max(1.0, width_mult), DIVISOR),
        act="relu6",
        dropout=DROPOUT if options.dropout is None else options.dropout,
        num_classes=options.num_classes,
    )
    stem = StemConfig(w_in=options.in_channels, w_out=w_stem, act="relu6")
    return NetConfig(name=name, family="mobilenet_v2", stem=stem, blocks=tuple(blocks), head=head)


def _bottleneck(stage: int, w_in: int, w_out: int, stride: int, expansion: int) -> BlockConfig:
    expand = expansion != 1
    return BlockConfig(
        stage=stage,
        w_in=w_in,
        w_mid=w_in * expansion,
        w_out=w_out,
        stride=stride,
        groups=w_in * expansion,
        expand=expand,
        w_shortcut=w_in if stride == 1 and w_in == w_out else 0,
        act_in="relu6" if expand else "none",
        act_mid="relu6",
    )
