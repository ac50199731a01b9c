"""FASTER, SLOWER, SAME or AMBIGUOUS: what the times of two builds allow one to say, by which rule and error rates.

The change is the head's time per image over the base's, minus 1: above 0 the head is slower. One value per process
round, the median over turns of the logarithm of the ratio, is all that enters the test: values of one round share their
processes and are not independent. The interval is Student's over the rounds, so it includes how processes differ, and
the p-value is that of the same t. The equivalence margin is a share m; "within it" means a ratio of times from 1/(1+m)
to 1+m.

- SLOWER, FASTER: the difference is significant (the p-value, adjusted by Benjamini and Hochberg over all cases
  compared, is at most 5 %), and the estimate lies beyond the margin. So where nothing has changed at all, a comparison,
  of however many cases, has a false positive in at most 5 % of repetitions. Where some cases have changed, at most 5 %
  of the significant differences are false, on average; those within the margin are SAME, so among SLOWER and FASTER
  alone the rate may be larger.
- SAME: the whole 95 % interval lies within the margin. A change as large as the margin gets this verdict in at most
  2.5 % of repetitions.
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
#: Share of false ones among the significant differences.
FALSE_DISCOVERIES = 0.05
#: Changes within this share are the same, whatever the machine could see.
EQUIVALENCE_MARGIN = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How much longer the head takes than the base, as a share; NaN where that is unknown.

    Args:
        value: Head over base, minus 1.
        low: Lower bound of the 95 % interval.
        high: Upper bound.
        p_value: Of no change, two-sided.
        rounds: Process rounds of the build that has fewer.
        paired: Whether the builds took turns; else the rounds are independent samples of each.
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
    """The verdict on one case.

    Args:
        name: One of `VERDICTS`.
        change: The change it is about.
        margin: The equivalence margin: the share within which a change does not matter.
        q_value: The p-value adjusted for the number of cases; NaN without one.
        reason: The rule's grounds in words.
    """

    name: str
    change: Change
    margin: float
    q_value: float
    reason: str


def paired_change(base: Measurement, head: Measurement) -> Change:
    """The change between two builds that took turns, from turn t of round r of each."""
    scale = math.log(base.images_per_sample / head.images_per_sample)
    rounds = zip(base.rounds, head.rounds, strict=False)
    logs = np.array([round_log_ratio(first.turns_s, second.turns_s) for first, second in rounds])
    return summarise_change(logs[~np.isnan(logs)] + scale)


def round_log_ratio(base_s: Turns, head_s: Turns) -> float:
    """The one value of a round: the median over turns of the log-ratio of turn medians, head over base.

    Args:
        base_s: Samples of the base [s], by turn.
        head_s: Samples of the head [s], by turn.

    Returns:
        NaN where no turn has samples of both.
    """
    turns = zip(base_s, head_s, strict=False)
    logs = [math.log(np.median(second) / np.median(first)) for first, second in turns if len(first) and len(second)]
    return float(np.median(logs)) if logs else math.nan


def unpaired_change(base: Measurement, head: Measurement) -> Change:
    """The change between two runs measured at different times: Welch's interval over the rounds' medians."""
    base_logs, head_logs = (_round_medians(run) for run in (base, head))
    rounds = min(len(base_logs), len(head_logs))
    if rounds == 0:
        return Change(paired=False, reason="no samples")
    value = float(head_logs.mean() - base_logs.mean())
    if rounds == 1:
        why = "one process round can't show how processes differ"
        return Change(value=math.expm1(value), rounds=1, paired=False, reason=why)
    error, dof, p_value = welch(base_logs, head_logs)
    return _change(value, error, dof, p_value, rounds, paired=False)


def summarise_change(logs: Array) -> Change:
    """The change that the log-ratios of all process rounds, head over base, give together."""
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
    # With few rounds the interval may exceed what a float holds; it then excludes nothing all the same.
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


def decide_verdicts(changes: Sequence[Change], margins: Sequence[float]) -> list[Verdict]:
    """The verdicts on all cases of one comparison, by the rule at the top of this file.

    Args:
        changes: One per case.
        margins: The equivalence margin of each case.
    """
    adjusted = adjust([change.p_value for change in changes])
    return [_decide(*values) for values in zip(changes, margins, adjusted, strict=True)]


def _decide(change: Change, margin: float, q_value: float) -> Verdict:
    name, reason = _apply_rule(change, margin, q_value)
    return Verdict(name=name, change=change, margin=margin, q_value=q_value, reason=reason)


def _apply_rule(change: Change, margin: float, q_value: float) -> tuple[str, str]:
    """The verdict's name and its grounds."""
    if math.isnan(change.p_value):
        return "AMBIGUOUS", f"no interval: {change.reason}"
    least, most = -margin / (1 + margin), margin
    significant, limit = q_value <= FALSE_DISCOVERIES, f"the {100 * margin:.3g} % margin"
    if least <= change.low and change.high <= most:
        return "SAME", f"the whole interval is within {limit}"
    if significant and not least <= change.value <= most:
        grounds = f"the difference is significant (q = {q_value:.2g}) and beyond {limit}"
        return ("SLOWER" if change.value > 0 else "FASTER"), grounds
    if significant:
        return "AMBIGUOUS", f"significant, but it may be within {limit}; use more --rounds"
    if change.p_value <= FALSE_DISCOVERIES:
        alone = f"significant alone (p = {change.p_value:.2g})"
        return "AMBIGUOUS", f"{alone}, not after correction for the number of cases (q = {q_value:.2g})"
    return "AMBIGUOUS", f"not significant, and the interval reaches beyond {limit}; use more --rounds"


def _round_medians(run: Measurement) -> Array:
    rounds = [np.concatenate(each.turns_s) for each in run.rounds if any(len(turn) for turn in each.turns_s)]
    return np.array([math.log(np.median(values) / run.images_per_sample) for values in rounds])
