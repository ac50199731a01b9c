"""RegNetX's quantised linear widths as pure integers. No torch here.

Source: Radosavovic et al. 2020, arXiv 2003.13678; numbers of each size from pycls.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import log

from rexnet_core.network_config import BlockConfig, HeadConfig, NetConfig, Options, StemConfig

STEM_WIDTH = 32
QUANTUM = 8


@dataclass(frozen=True, slots=True)
class Rule:
    """The five numbers of one RegNetX: first width, slope, width multiplier, group width, depth."""

    w0: int
    wa: float
    wm: float
    group: int
    depth: int


RULES = {
    "200mf": Rule(24, 36.44, 2.49, 8, 13),
    "400mf": Rule(24, 24.48, 2.54, 16, 22),
    "600mf": Rule(48, 36.97, 2.24, 24, 16),
    "800mf": Rule(56, 35.73, 2.28, 16, 16),
    "1.6gf": Rule(80, 34.01, 2.25, 24, 18),
    "3.2gf": Rule(88, 26.31, 2.25, 48, 25),
    "4.0gf": Rule(96, 38.65, 2.43, 40, 23),
    "6.4gf": Rule(184, 60.83, 2.07, 56, 17),
    "8.0gf": Rule(80, 49.56, 2.88, 120, 23),
    "12gf": Rule(168, 73.36, 2.37, 112, 19),
    "16gf": Rule(216, 55.59, 2.1, 128, 22),
    "32gf": Rule(320, 69.86, 2.0, 168, 23),
}


def regnetx_config(name: str, size: str, options: Options) -> NetConfig:
    """RegNetX of a published size (a key of `RULES`): residual blocks, bottleneck ratio 1, no squeeze-excite."""
    rule = RULES[size]
    quantised = [_quantised_width(rule, index) for index in range(rule.depth)]
    blocks: list[BlockConfig] = []
    w_in, stage = STEM_WIDTH, -1
    for before, width in pairwise((0, *quantised)):
        stage += before != width
        group = min(rule.group, width)
        w_out = round(width / group) * group
        stride = 2 if before != width else 1
        blocks.append(_residual_block(stage, w_in, w_out, stride, w_out // group))
        w_in = w_out
    stem = StemConfig(w_in=options.in_channels, w_out=STEM_WIDTH, act="relu")
    head = HeadConfig(w_in=w_in, dropout=options.dropout or 0.0, num_classes=options.num_classes)
    return NetConfig(
        name=name, family="regnetx", stem=stem, blocks=tuple(blocks), head=head, block_kind="residual_bottleneck"
    )


def _quantised_width(rule: Rule, index: int) -> int:
    """The width of block `index`: w0 + wa * index, moved to w0 times a power of wm, then to a multiple of 8."""
    step = round(log((rule.w0 + rule.wa * index) / rule.w0) / log(rule.wm))
    return round(rule.w0 * rule.wm**step / QUANTUM) * QUANTUM


def _residual_block(stage: int, w_in: int, w_out: int, stride: int, groups: int) -> BlockConfig:
    return BlockConfig(
        stage=stage,
        w_in=w_in,
        w_mid=w_out,
        w_out=w_out,
        stride=stride,
        groups=groups,
        expand=True,
        w_shortcut=w_in,
        projection=stride != 1 or w_in != w_out,
        act_in="relu",
        act_mid="relu",
        act_out="relu",
    )
