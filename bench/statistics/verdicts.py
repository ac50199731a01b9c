"""FASTER, SLOWER, SAME or AMBIGUOUS: what two builds' times allow one to say, with the rule and its error rates.

The change is the head's time per image over the base's, minus 1: above 0 the head is slower. One value per process
round, the median over turns of the logarithm of the ratio, is all that enters the test: values of one round share their
processes and are not independent. The interval is Student's over the rounds, so it holds what processes differ by, and
the p-value is that of the same t. The band is a share b; "within it" means a ratio of times from 1/(1+b) to 1+b.

- SLOWER, FASTER: a difference is told (the p-value, adjusted by Benjamini and Hochberg over all cases compared, is at
  most 5 %), and the estimate lies beyond the band. So where nothing has changed at all, a comparison, of however many
  cases, raises an alarm in at most 5 % of repetitions. Where some cases have changed, at most 5 % of the differences
  told are none, on average; that is a rate of all that are told, of which those within the band are SAME and are no
  alarm, so among the alarms alone it may be larger.
- SAME: the whole 95 % interval lies within the band. A change as large as the band is called so in at most 2.5 %.
- AMBIGUOUS: neither.

The rule needs a number of rounds that was fixed before: stopping when the interval happens to be narrow would break it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.statistics.intervals import COVERAGE
from bench.statistics.significance import student_p, student_quantile, welch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.records.measurement import Measurement
    from bench.statistics.intervals import Array

    Turns = Sequence[Sequence[float]]

VERDICTS = ("SLOWER", "AMBIGUOUS", "SAME", "FASTER")
#: Share of false ones among the differences that are told.
FALSE_DISCOVERIES = 0.05
#: Changes within this share are not worth a verdict, whatever the machine could see.
BAND = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How much longer the head takes than the base, as a share; NaN where it can't be said.

    Args:
        value: Head over base, minus 1.
        low: Lower bound of the 95 % interval.
        high: Upper bound.
        p_value: Of no change, two-sided.
        rounds: Process rounds of the side that has fewer.
        paired: Whether the sides took turns; else the rounds are independent samples of each.
        reason: Why there is no interval; empty where there is one.
    """

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p_value: float = math.nan
    rounds: int = 0
    paired: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What may be said of one case.

    Args:
        name: One of `VERDICTS`.
        change: What it rests on.
        band: The share within which a change does not matter.
        q_value: The p-value adjusted for the number of cases; NaN without one.
        reason: The rule's grounds in words.
    """

    name: str
    change: Change
    band: float
    q_value: float
    reason: str


def paired_change(base: Measurement, head: Measurement) -> Change:
    """The change between two that took turns, from turn t of round r of each."""
    scale = math.log(base.images_per_sample / head.images_per_sample)
    rounds = [turn_log_ratios(one.turns_s, two.turns_s) for one, two in zip(base.rounds, head.rounds, strict=False)]
    return summarise_change(np.array([np.median(logs) + scale for logs in rounds if len(logs)]))


def unpaired_change(base: Measurement, head: Measurement) -> Change:
    """The change between two that were measured at different times: Welch's interval over the rounds' medians."""
    one, two = (_round_medians(side) for side in (base, head))
    rounds = min(len(one), len(two))
    if rounds == 0:
        return Change(paired=False, reason="no samples")
    value = float(two.mean() - one.mean())
    if rounds == 1:
        why = "one process round can't show how processes differ"
        return Change(value=math.expm1(value), rounds=1, paired=False, reason=why)
    error, dof, p_value = welch(one, two)
    return _change(value, error, dof, p_value, rounds, paired=False)


def summarise_change(logs: Array) -> Change:
    """The change that the logarithms of ratios, head over base, one for each process round, make together."""
    if not len(logs):
        return Change(reason="no turn was taken by both")
    value = float(logs.mean())
    if len(logs) == 1:
        why = "one process round can't show how processes differ"
        return Change(value=math.expm1(value), rounds=1, reason=why)
    error = float(logs.std(ddof=1)) / math.sqrt(len(logs))
    dof = len(logs) - 1
    p_value = student_p(value / error, dof) if error else float(value == 0)
    return _change(value, error, dof, p_value, len(logs), paired=True)


def _change(value: float, error: float, dof: float, p_value: float, rounds: int, *, paired: bool) -> Change:
    half = student_quantile(COVERAGE, dof) * error
    # With few rounds the interval may run past what a float holds; it says "anything" all the same.
    low, high = math.expm1(value - half), math.expm1(min(value + half, 700.0))
    return Change(value=math.expm1(value), low=low, high=high, p_value=p_value, rounds=rounds, paired=paired)


def adjust(p_values: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's adjusted p-values; at most 5 % of those up to 0.05 are false, on average.

    Args:
        p_values: One per case; NaN where there is none, which stays so and is not counted.
    """
    known = sorted((value, place) for place, value in enumerate(p_values) if not math.isnan(value))
    adjusted = [math.nan] * len(p_values)
    least = 1.0
    for rank in range(len(known), 0, -1):
        value, place = known[rank - 1]
        least = min(least, value * len(known) / rank)
        adjusted[place] = least
    return adjusted


def judge(changes: Sequence[Change], bands: Sequence[float]) -> list[Verdict]:
    """The verdicts on all cases of one comparison, by the rule at the top of this file.

    Args:
        changes: One per case.
        bands: The band of each.
    """
    adjusted = adjust([change.p_value for change in changes])
    return [_judge(*one) for one in zip(changes, bands, adjusted, strict=True)]


def _judge(change: Change, band: float, q_value: float) -> Verdict:
    name, reason = _decide(change, band, q_value)
    return Verdict(name=name, change=change, band=band, q_value=q_value, reason=reason)


def _decide(change: Change, band: float, q_value: float) -> tuple[str, str]:
    """The verdict's name and its grounds."""
    if math.isnan(change.p_value):
        return "AMBIGUOUS", f"no interval: {change.reason}"
    least, most = -band / (1 + band), band
    told, within = q_value <= FALSE_DISCOVERIES, f"the band of {100 * band:.3g} %"
    if least <= change.low and change.high <= most:
        return "SAME", f"the whole interval is within {within}"
    if told and not least <= change.value <= most:
        grounds = f"the difference is told (q = {q_value:.2g}) and beyond {within}"
        return ("SLOWER" if change.value > 0 else "FASTER"), grounds
    if told:
        return (
            "AMBIGUOUS",
            f"a difference is told, but whether it is beyond {within} is not; more rounds would narrow it",
        )
    if change.p_value <= FALSE_DISCOVERIES:
        return (
            "AMBIGUOUS",
            f"told by itself (p = {change.p_value:.2g}), but not among so many cases (q = {q_value:.2g})",
        )
    return "AMBIGUOUS", f"no difference is told, and the interval reaches beyond {within}; more rounds would narrow it"


def turn_log_ratios(base_s: Turns, head_s: Turns) -> Array:
    """Log-ratios of the median times, head over base, of the turns of a round that both took.

    Args:
        base_s: Samples of the base [s], by turn.
        head_s: Samples of the head [s], by turn.
    """
    turns = zip(base_s, head_s, strict=False)
    return np.array([math.log(np.median(head) / np.median(base)) for base, head in turns if len(base) and len(head)])


def _round_medians(side: Measurement) -> Array:
    rounds = [np.concatenate(one.turns_s) for one in side.rounds if any(len(turn) for turn in one.turns_s)]
    return np.array([math.log(np.median(values) / side.images_per_sample) for values in rounds])
