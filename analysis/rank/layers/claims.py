"""The paper's claims about its figure 1, each with a rule that a study passes, fails or leaves open.

The thresholds in the rules are ours: the paper states its observations in words. A rule is a list of comparisons,
paired by network, which `analysis.rank.layers.comparison` decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.data_tables import load_table
from analysis.rank.layers.comparison import LACKING, Comparison, Finding, decide
from analysis.rank.layers.setting import BLOCKS, PAPER_ACTIVATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from analysis.rank.layers.view import View

    #: Block, activation and ratio.
    Point = tuple[str, str, float]

_CONV1, _CONV3, _IB, _IB_DW = BLOCKS
_SMOOTH, _KINKED = ("SiLU", "Hardswish", "SoftPlus", "ELU"), ("LeakyReLU", "ReLU", "ReLU6")
_CURVED = PAPER_ACTIVATIONS[1:]
#: Thresholds of the rules, in shares of d_out.
_NEAR, _ALIKE, _CLEARLY, _FAR, _FULL = 0.01, 0.02, 0.02, 0.1, 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A statement of the paper and how it is tested.

    Args:
        name: C1 to C10; C4a, C4c and C4d are the panels of C4.
        text: The claim.
        rule: What must be seen for it to hold.
        test: From a view to a finding.
    """

    name: str
    text: str
    rule: str
    test: Callable[[View], Finding]


def _decide_differences(view: View, pairs: Iterable[tuple[str, Point, Point]], **limits: float) -> Finding:
    """The finding over differences, labelled: the first of two points minus the second."""
    return decide([Comparison(label, view.values(*one) - view.values(*other), **limits) for label, one, other in pairs])


def _test_linear(view: View) -> Finding:
    if not view.has("Linear", *BLOCKS):
        return Finding(None, LACKING)
    comparisons = []
    for block in BLOCKS:
        for ratio in view.ratios:
            off = view.values(block, "Linear", ratio) - view.bound(ratio)
            # The last norm takes the mean out and the shortcut keeps it: together they span the constant, too.
            one_more = " (one direction more)" if abs(float(np.mean(off * view.d_out)) - 1) < _FAR else ""
            comparisons.append(Comparison(f"{block} at {ratio:g}{one_more}", off, within=_NEAR))
    return decide(comparisons)


def _test_above_input(view: View) -> Finding:
    return decide(
        [
            Comparison(f"{block} {name} at {ratio:g}", view.values(block, name, ratio) - view.bound(ratio))
            for block, name in _everything(view)
            for ratio in view.ratios
            if ratio < 1
        ]
    )


def _test_expansion_harms(view: View) -> Finding:
    low, high, knee = view.lowest, max(view.ratios), view.ratio_near(0.3)
    if knee is None or high < 1:
        return Finding(None, LACKING)
    comparisons = []
    for block, name in _everything(view):
        first, middle, last = (view.values(block, name, ratio) for ratio in (low, knee, high))
        bend = (middle - first) / (knee - low) - (last - middle) / (high - knee)
        comparisons += [
            Comparison(f"{block} {name}: rise", last - first, above=_NEAR),
            Comparison(f"{block} {name}: steeper below {knee:g}", bend),
        ]
    return decide(comparisons)


def _test_order_in(*panels: tuple[str, tuple[str, ...]]) -> Callable[[View], Finding]:
    """The test that smooth functions are above kinked ones in the given panels."""

    def test(view: View) -> Finding:
        if not view.has(*(block for block, _ in panels), *_SMOOTH, *_KINKED):
            return Finding(None, LACKING)
        low = view.lowest
        return _decide_differences(
            view,
            (
                (f"{block} {better} minus {worse}", (block, better, low), (block, worse, low))
                for block, smooth in panels
                for better in smooth
                for worse in _KINKED
            ),
        )

    return test


_PANEL_A, _PANEL_C, _PANEL_D = (_CONV1, _SMOOTH), (_IB, _SMOOTH), (_IB_DW, ("SiLU", "Hardswish", "ELU"))


def _test_gap_shrinks(view: View) -> Finding:
    if not view.has(_CONV1, "SiLU", "ReLU") or max(view.ratios) < 1:
        return Finding(None, LACKING)
    low, high = (
        view.values(_CONV1, "SiLU", ratio) - view.values(_CONV1, "ReLU", ratio)
        for ratio in (view.lowest, max(view.ratios))
    )
    comparisons = [
        Comparison(f"SiLU minus ReLU at {view.lowest:g}", low),
        Comparison("that minus the one at 1", low - high),
    ]
    decided = decide(comparisons)
    gaps = f"SiLU minus ReLU {float(np.mean(low)):+.3f} at {view.lowest:g}, {float(np.mean(high)):+.3f} at 1"
    return Finding(decided.held, gaps)


def _test_kernels_agree(view: View) -> Finding:
    if not view.has(_CONV1, _CONV3, *PAPER_ACTIVATIONS):
        return Finding(None, LACKING)
    if view.setting.spatial == 1:
        return Finding(None, "on single positions a 3x3 kernel has only its centre: both are the same layer")
    pairs = (
        (f"{name} at {ratio:g}: 3x3 minus 1x1", (_CONV3, name, ratio), (_CONV1, name, ratio))
        for name in PAPER_ACTIVATIONS
        for ratio in view.ratios
    )
    return _decide_differences(view, pairs, within=_ALIKE)


def _test_bottlenecks_expand_less(view: View) -> Finding:
    pairs = [(_IB, _CONV1), (_IB, _CONV3), (_IB_DW, _CONV1), (_IB_DW, _CONV3)]
    return _test_below(view, pairs, [view.lowest], by=_FAR)


def _test_depthwise_less(view: View) -> Finding:
    return _test_below(view, [(_IB_DW, _IB)], [ratio for ratio in view.ratios if ratio < 1], by=0.0)


def _test_below(view: View, pairs: Sequence[tuple[str, str]], ratios: Iterable[float], *, by: float) -> Finding:
    if not view.has(*_CURVED, *(block for pair in pairs for block in pair)):
        return Finding(None, LACKING)
    differences = (
        (f"{upper} minus {lower}, {name} at {ratio:g}", (upper, name, ratio), (lower, name, ratio))
        for lower, upper in pairs
        for name in _CURVED
        for ratio in ratios
    )
    return _decide_differences(view, differences, above=by)


def _test_ends(view: View) -> Finding:
    one = view.ratio_near(1.0)
    if one is None or not view.has(*BLOCKS, *PAPER_ACTIVATIONS):
        return Finding(None, LACKING)
    full = [
        Comparison(f"{block} {name} over {_FULL}", view.values(block, name, one) - _FULL, above=-1e-12)
        for block in (_IB, _IB_DW)
        for name in PAPER_ACTIVATIONS
    ]
    short = [
        Comparison(f"{block} {name} below {_FULL}", _FULL - view.values(block, name, one))
        for block in (_CONV1, _CONV3)
        for name in ("ReLU", "ReLU6")
    ]
    return decide([*full, *short])


def _test_six_or_twenty(view: View) -> Finding:
    few, many = view.ratio_near(1 / 6), view.ratio_near(1 / 20)
    if few is None or many is None or not view.has(_CONV1, *_CURVED):
        return Finding(None, LACKING)
    pairs = ((f"{name}: 1/6 minus 1/20", (_CONV1, name, few), (_CONV1, name, many)) for name in _CURVED)
    return _decide_differences(view, pairs, above=_CLEARLY)


def _everything(view: View) -> list[tuple[str, str]]:
    """Every block with every non-linear function of the paper; nothing where the study lacks one."""
    return [(block, name) for block in BLOCKS for name in _CURVED] if view.has(*BLOCKS, *_CURVED) else []


_TESTS = {
    "C1": _test_linear,
    "C2": _test_above_input,
    "C3": _test_expansion_harms,
    "C4": _test_order_in(_PANEL_A, _PANEL_C, _PANEL_D),
    "C4a": _test_order_in(_PANEL_A),
    "C4c": _test_order_in(_PANEL_C),
    "C4d": _test_order_in(_PANEL_D),
    "C5": _test_gap_shrinks,
    "C6": _test_kernels_agree,
    "C7": _test_bottlenecks_expand_less,
    "C8": _test_depthwise_less,
    "C9": _test_ends,
    "C10": _test_six_or_twenty,
}
#: Text and rule of each claim, by its name.
TEXTS = load_table(__file__)
CLAIMS = tuple(Claim(name=name, test=test, **TEXTS[name]) for name, test in _TESTS.items())
