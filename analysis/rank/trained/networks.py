"""The six networks as pure integers: the four steps of table 2 at equal multiply-adds, the two ends of table 3(a).

No torch here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from analysis.rank.trained.printed import TABLE_2, TABLE_3A, TABLE_3A_EXPANSION, TABLE_3A_MACS
from rexnet_core.errors import InputError
from rexnet_core.network_config import BlockConfig, HeadConfig, NetConfig, StemConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analysis.rank.trained.printed import Step
    from analysis.rank.trained.setting import TrainedSetting
    from rexnet_core.network_config import Activation

#: Multiply-adds of the steps differ from the baseline's by no more than this share; the paper's differ by 4 %.
MACS_TOLERANCE = 0.01
#: A dimension ratio may miss its target by this share, as channels are whole numbers.
_RATIO_TOLERANCE = 0.05
_WIDEST_STEM = 512
_CLASSES = 10
_TAPS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedNetwork:
    """One network of the check, with what the paper printed about its own.

    Args:
        name: Key in all tables.
        group: ``table2`` or ``table3a``.
        label: For people.
        config: What is built.
        params: Parameters, classifier and batch norm included.
        macs: Multiply-adds of one image.
        printed_accuracy: Top-1 on CIFAR, as a share.
        printed_nuclear_norm: Nuclear norm of the final feature; None if the paper prints none.
        printed_macs: The paper's FLOPs, which are multiply-adds.
    """

    name: str
    group: str
    label: str
    config: NetConfig
    params: int
    macs: int
    printed_accuracy: float
    printed_nuclear_norm: float | None
    printed_macs: int


def plan_networks(setting: TrainedSetting) -> tuple[TrainedNetwork, ...]:
    """The networks of the setting's groups, each group in the paper's order or from worst to best.

    Raises:
        InputError: No whole widths make the steps of table 2 cost the same.
    """
    planned = {"table2": _plan_table2, "table3a": _plan_table3a}
    return tuple(network for group in setting.groups for network in planned[group](setting))


def cost_of(config: NetConfig, side: int) -> tuple[int, int]:
    """Parameters and multiply-adds for one image.

    `analysis.complexity` starts at 32 pixels, below which the networks it knows are left with no map; these are not.

    Args:
        config: A network without squeeze-excite, hidden layer and projections.
        side: Side of the square input [pixels].
    """
    stem, head = config.stem, config.head
    side = -(-side // stem.stride)
    weights = _TAPS * stem.w_in * stem.w_out
    norms, macs = stem.w_out, side**2 * weights
    for block in config.blocks:
        first, rest = block.w_in * block.w_mid, block.w_mid * (_TAPS + block.w_out)
        macs += side**2 * first
        side = -(-side // block.stride)
        macs += side**2 * rest
        weights += first + rest
        norms += 2 * block.w_mid + block.w_out
    last, classifier = head.w_in * head.w_conv, head.w_conv * head.num_classes
    params = weights + last + classifier + head.num_classes + 2 * (norms + head.w_conv)
    return params, macs + side**2 * last + classifier


def _plan_table2(setting: TrainedSetting) -> Iterator[TrainedNetwork]:
    first = TABLE_2[0]
    widths = [setting.base_width]
    for _ in range(2):
        widths.append(round(widths[-1] / first.block_ratio))
    _, target = cost_of(_table2_config(setting, first, widths), setting.side)
    for step in TABLE_2:
        chosen = widths if step is first else _matched_widths(setting, step.expansion, step.block_ratio, target)
        config = _table2_config(setting, step, chosen)
        printed = (step.printed_accuracy, step.printed_nuclear_norm, step.printed_macs)
        yield _make_network(setting, "table2", step.label, config, printed)


def _plan_table3a(setting: TrainedSetting) -> Iterator[TrainedNetwork]:
    for name, blocks, accuracy in TABLE_3A:
        config = _build_config(
            name,
            (setting.table3a_stem, *blocks),
            setting.table3a_strides,
            expansion=TABLE_3A_EXPANSION,
            head=setting.table3a_head,
            shortcut=setting.shortcut,
        )
        label = f"{'-'.join(map(str, blocks))} ({name})"
        yield _make_network(setting, "table3a", label, config, (accuracy, None, TABLE_3A_MACS))


def _make_network(
    setting: TrainedSetting, group: str, label: str, config: NetConfig, printed: tuple[float, float | None, int]
) -> TrainedNetwork:
    params, macs = cost_of(config, setting.side)
    accuracy, nuclear_norm, printed_macs = printed
    return TrainedNetwork(
        name=config.name,
        group=group,
        label=label,
        config=config,
        params=params,
        macs=macs,
        printed_accuracy=accuracy,
        printed_nuclear_norm=nuclear_norm,
        printed_macs=printed_macs,
    )


def _table2_config(setting: TrainedSetting, step: Step, widths: Sequence[int]) -> NetConfig:
    return _build_config(
        step.name,
        widths,
        setting.table2_strides,
        expansion=step.expansion,
        act=step.act,
        head=setting.table2_head,
        shortcut=setting.shortcut,
    )


def _build_config(
    name: str,
    widths: Sequence[int],
    strides: Sequence[int],
    *,
    expansion: int,
    head: int,
    shortcut: str,
    act: Activation = "relu6",
) -> NetConfig:
    blocks: list[BlockConfig] = []
    for (w_in, w_out), stride in zip(pairwise(widths), strides[1:], strict=True):
        fits = {"partial": w_in <= w_out, "equal": w_in == w_out, "none": False}[shortcut]
        blocks.append(
            BlockConfig(
                stage=len(blocks),
                w_in=w_in,
                w_mid=expansion * w_in,
                w_out=w_out,
                stride=stride,
                groups=expansion * w_in,
                expand=True,
                w_shortcut=w_in if fits and stride == 1 else 0,
                act_in=act,
                act_mid="relu6",
            )
        )
    return NetConfig(
        name=name,
        family="trained",
        stem=StemConfig(w_in=1, w_out=widths[0], stride=strides[0], act="relu6"),
        blocks=tuple(blocks),
        # One activation everywhere, so that the final features of a group are comparable.
        head=HeadConfig(w_in=widths[-1], w_conv=head, act="relu6", num_classes=_CLASSES),
    )


@lru_cache
def _matched_widths(setting: TrainedSetting, expansion: int, ratio: float, target: int) -> tuple[int, int, int]:
    """Widths of stem and blocks that come nearest to the ratio and to the target multiply-adds, weighed alike."""
    candidates: list[tuple[float, tuple[int, int, int]]] = []
    for w_0 in range(1, _WIDEST_STEM):
        costs = []
        for w_1 in _near(w_0 / ratio):
            for w_2 in _near(w_1 / ratio):
                widths = (w_0, w_1, w_2)
                config = _build_config(
                    "",
                    widths,
                    setting.table2_strides,
                    expansion=expansion,
                    head=setting.table2_head,
                    shortcut=setting.shortcut,
                )
                costs.append(cost_of(config, setting.side)[1])
                miss = abs(costs[-1] / target - 1)
                if miss <= MACS_TOLERANCE:
                    candidates.append((miss + sum(abs(math.log(a / b / ratio)) for a, b in pairwise(widths)), widths))
        if costs and min(costs) > target * (1 + MACS_TOLERANCE):
            break
    if not candidates:
        raise InputError(
            f"every step of table 2 must cost {target} multiply-adds within {MACS_TOLERANCE:.0%}; no whole widths at a "
            f"block ratio of {ratio} do at base_width {setting.base_width}; choose another"
        )
    return min(candidates)[1]


def _near(value: float) -> range:
    """Whole numbers within the tolerance of a ratio."""
    return range(math.ceil(value / (1 + _RATIO_TOLERANCE)), math.floor(value * (1 + _RATIO_TOLERANCE)) + 1)
