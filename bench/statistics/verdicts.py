"""FASTER, SLOWER, SAME or AMBIGUOUS: what the times of two builds show, with the rule and its error rates.

The change is the head's time per image over the base's, minus 1: above 0 the head is slower. Each process round enters
the test with one value, the median over turns of the logarithm of the ratio: values of one round share their processes
and are not independent. The change is thus that of the geometric mean over processes, not of the median process; where
the builds are the same, its sign is as often positive as negative. The interval is Student's over the rounds, so it
holds what processes differ by, and the p-value is that of the same t. The equivalence margin is a share b: a ratio of
times from 1/(1+b) to 1+b is within it.

- SLOWER, FASTER: the difference is significant (the p-value, adjusted by Benjamini and Hochberg over all cases
  compared, is at most 5 %), and the estimate lies beyond the margin. Where nothing has changed, a comparison of however
  many cases therefore raises a false alarm in at most 5 % of repetitions. Where some cases have changed, at most 5 % of
  the significant differences are false on average. Significant differences within the margin are SAME and raise no
  alarm, so the share of false ones among the alarms alone may be larger.
- SAME: the whole 95 % interval lies within the margin. A change as large as the margin is called SAME in at most 2.5 %.
- AMBIGUOUS: neither.

The number of rounds must be fixed before the first: to stop as soon as the interval is narrow breaks the rule.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from analysis.statistics.estimates import Estimate
from analysis.statistics.significance import adjust_p_values, paired_test, welch_test

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.statistics.significance import Difference
    from bench.records.measurement import Measurement
    from bench.statistics.intervals import Array

    Turns = Sequence[Sequence[float]]

VERDICTS = ("SLOWER", "AMBIGUOUS", "SAME", "FASTER")
#: Largest share of false ones among the significant differences.
FALSE_DISCOVERIES = 0.05
#: Default equivalence margin: a smaller change is not worth a verdict, even where the machine can show it.
BAND = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How much longer the head takes than the base, as a share.

    Args:
        estimate: Head over base, minus 1.
        p_value: Of no change, two-sided; NaN where the estimate has no interval.
        rounds: Process rounds of the build that has fewer.
        paired: Whether the builds took turns; else the rounds are independent samples of each.
    """

    estimate: Estimate = field(default_factory=Estimate)
    p_value: float = math.nan
    rounds: int = 0
    paired: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The verdict on one case.

    Args:
        name: One of `VERDICTS`.
        band: The equivalence margin: the share within which a change does not matter.
        q_value: The p-value adjusted for the number of cases; NaN without a p-value.
    """

    name: str
    change: Change
    band: float
    q_value: float
    reason: str


def paired_change(base: Measurement, head: Measurement) -> Change:
    """The change between two builds that took turns, from turn t of round r of each."""
    scale = math.log(base.images_per_sample / head.images_per_sample)
    rounds = [turn_log_ratios(one.turns_s, two.turns_s) for one, two in zip(base.rounds, head.rounds, strict=False)]
    return summarise_change(np.array([np.median(logs) + scale for logs in rounds if len(logs)]))


def unpaired_change(base: Measurement, head: Measurement) -> Change:
    """The change between two builds measured at different times: Welch's interval over the medians of rounds."""
    before, after = _round_medians(base), _round_medians(head)
    rounds = min(len(before), len(after))
    if rounds == 0:
        return Change(estimate=Estimate(reason="no samples"), paired=False)
    if rounds == 1:
        return _single_round(float(after.mean() - before.mean()), paired=False)
    return _change(welch_test(before, after), rounds, paired=False)


def summarise_change(logs: Array) -> Change:
    """The change over all process rounds, from the logarithm of the ratio of times, head over base, of each."""
    if not len(logs):
        return Change(estimate=Estimate(reason="no turn was taken by both"))
    if len(logs) == 1:
        return _single_round(float(logs[0]), paired=True)
    return _change(paired_test(logs), len(logs), paired=True)


def _single_round(log: float, *, paired: bool) -> Change:
    reason = "one process round can't show how processes differ"
    return Change(estimate=Estimate(value=math.expm1(log), reason=reason), rounds=1, paired=paired)


def _change(difference: Difference, rounds: int, *, paired: bool) -> Change:
    log = difference.estimate
    # With few rounds the interval may exceed what a float holds; its bound is then as good as infinite.
    low, high = math.expm1(log.low), math.expm1(min(log.high, 700.0))
    estimate = Estimate(value=math.expm1(log.value), low=low, high=high, method=log.method)
    return Change(estimate=estimate, p_value=difference.p_value, rounds=rounds, paired=paired)


def judge(changes: Sequence[Change], bands: Sequence[float]) -> list[Verdict]:
    """The verdicts on all cases of one comparison, each with its own margin, by the rule at the top of this file."""
    adjusted = adjust_p_values([change.p_value for change in changes])
    return [_judge(*case) for case in zip(changes, bands, adjusted, strict=True)]


def _judge(change: Change, band: float, q_value: float) -> Verdict:
    name, reason = _decide(change, band, q_value)
    return Verdict(name=name, change=change, band=band, q_value=q_value, reason=reason)


def _decide(change: Change, band: float, q_value: float) -> tuple[str, str]:
    if math.isnan(change.p_value):
        return "AMBIGUOUS", f"no interval: {change.estimate.reason}"
    least, most = -band / (1 + band), band
    value, low, high = change.estimate.value, change.estimate.low, change.estimate.high
    significant, margin = q_value <= FALSE_DISCOVERIES, f"the {100 * band:.3g} % margin"
    if least <= low and high <= most:
        return "SAME", f"the whole interval is within {margin}"
    if significant and not least <= value <= most:
        return ("SLOWER" if value > 0 else "FASTER"), f"significant (q = {q_value:.2g}) and beyond {margin}"
    if significant:
        return "AMBIGUOUS", f"significant, but it may be within {margin}; use more --rounds"
    if change.p_value <= FALSE_DISCOVERIES:
        alone = f"significant alone (p = {change.p_value:.2g})"
        return "AMBIGUOUS", f"{alone}, not after correction for all cases (q = {q_value:.2g})"
    return "AMBIGUOUS", f"not significant, and the interval reaches beyond {margin}; use more --rounds"


def turn_log_ratios(base_s: Turns, head_s: Turns) -> Array:
    """Log-ratios of the median times [s], head over base, of the turns of a round that both took."""
    turns = zip(base_s, head_s, strict=False)
    return np.array([math.log(np.median(head) / np.median(base)) for base, head in turns if len(base) and len(head)])


def _round_medians(side: Measurement) -> Array:
    rounds = [np.concatenate(one.turns_s) for one in side.rounds if any(len(turn) for turn in one.turns_s)]
    return np.array([math.log(np.median(values) / side.images_per_sample) for values in rounds])
