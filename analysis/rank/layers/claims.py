"""The paper's claims about its figure 1, each with a rule that a study passes or fails.

The thresholds in the rules are ours: the paper states its observations in words. Differences are paired by network,
and "above" means that the 95 % interval of the mean difference lies above zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.rank.layers.setting import BLOCKS
from analysis.rank.layers.statistics import mean_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from analysis.rank.layers.view import View

_CONV1, _CONV3, _IB, _IB_DW = BLOCKS
_SMOOTH, _KINKED = ("SiLU", "Hardswish", "SoftPlus", "ELU"), ("LeakyReLU", "ReLU", "ReLU6")


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a claim held, and what showed it; None where the study lacks what the rule needs."""

    held: bool | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A statement of the paper and how it is tested.

    Args:
        name: C1 to C10.
        text: The claim.
        rule: What must be seen for it to hold.
        test: From a view to a finding.
    """

    name: str
    text: str
    rule: str
    test: Callable[[View], Finding]


def _worst(failed: list[str], checked: int) -> Finding:
    """Held if nothing failed; the detail names the first that did, and how many."""
    if not checked:
        return Finding(None, "the study lacks what this needs")
    if not failed:
        return Finding(True, f"all {checked} comparisons")
    return Finding(False, f"{len(failed)} of {checked} comparisons fail, such as {failed[0]}")


def _test_linear(view: View) -> Finding:
    failed, checked = [], 0
    for block in view.setting.blocks if view.has("Linear") else ():
        for ratio in view.ratios:
            off = float(np.mean(view.values(block, "Linear", ratio) - view.bound(ratio)))
            checked += 1
            if abs(off) > 0.01:  # noqa: PLR2004 - the rule's threshold
                failed.append(f"{block} at {ratio:g}: {off:+.3f}")
    return _worst(failed, checked)


def _test_above_input(view: View) -> Finding:
    failed, checked = [], 0
    for block, activation, ratio in _all(view, [one for one in view.ratios if one < 1]):
        gain = mean_of(view.values(block, activation, ratio) - view.bound(ratio))
        checked += 1
        if not gain.low > 0:
            failed.append(f"{block} {activation} at {ratio:g}: {gain.value:+.3f} from its input")
    return _worst(failed, checked)


def _test_expansion_harms(view: View) -> Finding:
    failed, checked = [], 0
    low, high, knee = view.lowest, max(view.ratios), view.ratio_near(0.3)
    if knee is None or high < 1:
        return _worst([], 0)
    for block, activation, _ in _all(view, [low]):
        values = {ratio: view.values(block, activation, ratio) for ratio in (low, knee, high)}
        rise = mean_of(values[high] - values[low])
        steep = mean_of((values[knee] - values[low]) / (knee - low) - (values[high] - values[knee]) / (high - knee))
        checked += 1
        if not (rise.low > 0 and rise.value >= 0.01 and steep.low > 0):  # noqa: PLR2004 - the rule's threshold
            failed.append(f"{block} {activation}: {rise.value:+.3f} from {low:g} to {high:g}")
    return _worst(failed, checked)


def _test_order(view: View) -> Finding:
    failed, checked = [], 0
    split = {_CONV1: _SMOOTH, _IB: _SMOOTH, _IB_DW: ("SiLU", "Hardswish", "ELU")}
    for block, smooth in split.items():
        for better, worse in ((a, b) for a in smooth for b in _KINKED if view.has(block, a, b)):
            gain = mean_of(view.values(block, better, view.lowest) - view.values(block, worse, view.lowest))
            checked += 1
            if not gain.low > 0:
                failed.append(f"{block} {better} minus {worse}: {gain.value:+.3f}")
    return _worst(failed, checked)


def _test_gap_shrinks(view: View) -> Finding:
    if not view.has(_CONV1, "SiLU", "ReLU") or max(view.ratios) < 1:
        return _worst([], 0)
    gaps = [
        view.values(_CONV1, "SiLU", ratio) - view.values(_CONV1, "ReLU", ratio)
        for ratio in (view.lowest, max(view.ratios))
    ]
    low, shrinks = mean_of(gaps[0]), mean_of(gaps[0] - gaps[1])
    held = low.low > 0 and shrinks.low > 0
    return Finding(held, f"SiLU minus ReLU {low.value:+.3f} at {view.lowest:g}, {float(np.mean(gaps[1])):+.3f} at 1")


def _test_kernels_agree(view: View) -> Finding:
    failed, checked = [], 0
    if view.has(_CONV1, _CONV3):
        for activation in view.setting.activations:
            for ratio in view.ratios:
                off = mean_of(view.values(_CONV3, activation, ratio) - view.values(_CONV1, activation, ratio))
                checked += 1
                if abs(off.value) > 0.02:  # noqa: PLR2004 - the rule's threshold
                    failed.append(f"{activation} at {ratio:g}: 3x3 minus 1x1 {off.value:+.3f}")
    return _worst(failed, checked)


def _test_bottlenecks_expand_less(view: View) -> Finding:
    pairs = [(_IB, _CONV1), (_IB, _CONV3), (_IB_DW, _CONV1), (_IB_DW, _CONV3)]
    return _test_below(view, pairs, [view.lowest], by=0.1)


def _test_depthwise_less(view: View) -> Finding:
    return _test_below(view, [(_IB_DW, _IB)], [ratio for ratio in view.ratios if ratio < 1], by=0.0)


def _test_below(view: View, pairs: Iterable[tuple[str, str]], ratios: Iterable[float], *, by: float) -> Finding:
    failed, checked = [], 0
    for lower, upper in (pair for pair in pairs if view.has(*pair)):
        for activation in view.curved:
            for ratio in ratios:
                drop = mean_of(view.values(upper, activation, ratio) - view.values(lower, activation, ratio))
                checked += 1
                if not drop.low > by:
                    failed.append(f"{activation} at {ratio:g}: {lower} is {drop.value:+.3f} below {upper}")
    return _worst(failed, checked)


def _test_ends(view: View) -> Finding:
    failed, checked = [], 0
    one = view.ratio_near(1.0)
    if one is None:
        return _worst([], 0)
    for block in (block for block in (_IB, _IB_DW) if view.has(block)):
        for activation in view.setting.activations:
            value = view.mean(block, activation, one).value
            checked += 1
            if value < 0.99:  # noqa: PLR2004 - the rule's threshold
                failed.append(f"{block} {activation} reaches {value:.3f}")
    for block in (block for block in (_CONV1, _CONV3) if view.has(block)):
        for activation in (name for name in ("ReLU", "ReLU6") if view.has(name)):
            found = view.mean(block, activation, one)
            checked += 1
            if not found.high < 0.99:  # noqa: PLR2004 - the rule's threshold
                failed.append(f"{block} {activation} reaches {found.value:.3f}")
    return _worst(failed, checked)


def _test_six_or_twenty(view: View) -> Finding:
    few, many = view.ratio_near(1 / 6), view.ratio_near(1 / 20)
    if few is None or many is None or not view.has(_CONV1):
        return _worst([], 0)
    failed = []
    for activation in view.curved:
        drop = mean_of(view.values(_CONV1, activation, few) - view.values(_CONV1, activation, many))
        if not drop.low > 0.02:  # noqa: PLR2004 - the rule's threshold
            failed.append(f"{activation}: {drop.value:+.3f} higher at 1/6 than at 1/20")
    return _worst(failed, len(view.curved))


def _all(view: View, ratios: Iterable[float]) -> Iterable[tuple[str, str, float]]:
    return [(block, name, ratio) for block in view.setting.blocks for name in view.curved for ratio in ratios]


CLAIMS = (
    Claim(
        name="C1",
        text="A linear layer has the rank of its input, in all four blocks.",
        rule="mean rank ratio within 0.01 of min(d_in, N - 1) / d_out at every ratio",
        test=_test_linear,
    ),
    Claim(
        name="C2",
        text="Every non-linear function expands the rank above the input's, in every block.",
        rule="rank ratio above d_in / d_out at every ratio below 1",
        test=_test_above_input,
    ),
    Claim(
        name="C3",
        text="Drastic channel expansion harms the rank.",
        rule="rank ratio rises by at least 0.01 from the lowest ratio to 1, more steeply below 0.3 than above, for "
        "every non-linear function and block",
        test=_test_expansion_harms,
    ),
    Claim(
        name="C4",
        text="Complicated functions (SiLU, Hardswish, SoftPlus, ELU) expand the rank more than ReLU's family.",
        rule="each of the former above each of the latter at the lowest ratio: in conv1x1 and the inverted bottleneck "
        "with 3x3, and without SoftPlus in the depthwise one",
        test=_test_order,
    ),
    Claim(
        name="C5",
        text="The advantage of SiLU over ReLU shrinks as the ratio nears 1.",
        rule="SiLU minus ReLU above zero at the lowest ratio, and larger there than at ratio 1 (conv1x1)",
        test=_test_gap_shrinks,
    ),
    Claim(
        name="C6",
        text="1x1 and 3x3 convolutions nearly coincide.",
        rule="means within 0.02 of each other at every ratio and activation",
        test=_test_kernels_agree,
    ),
    Claim(
        name="C7",
        text="Inverted bottlenecks expand the rank far less than single convolutions.",
        rule="at the lowest ratio both bottlenecks at least 0.1 below both convolutions, for every non-linear function",
        test=_test_bottlenecks_expand_less,
    ),
    Claim(
        name="C8",
        text="Depthwise bottlenecks expand the rank less than those with a 3x3 convolution.",
        rule="below at every ratio under 1, for every non-linear function",
        test=_test_depthwise_less,
    ),
    Claim(
        name="C9",
        text="At ratio 1 bottlenecks reach full rank, single convolutions with ReLU or ReLU6 do not.",
        rule="bottlenecks at least 0.99 for every activation; conv1x1 and conv3x3 with ReLU and ReLU6 below 0.99",
        test=_test_ends,
    ),
    Claim(
        name="C10",
        text="Expansion by 6 keeps clearly more rank than expansion by 20.",
        rule="conv1x1: rank ratio at 1/6 more than 0.02 above that at 1/20, for every non-linear function",
        test=_test_six_or_twenty,
    ),
)
