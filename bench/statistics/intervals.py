"""Intervals from process rounds: rounds hold turns, turns hold samples. Arrays in, estimates out.

The value is the geometric mean over rounds of each round's own number, and the interval is Student's t of the
logarithms of these numbers: rounds are the independent sample, and value and interval are of the same quantity.
The interval is given where it says something, and it is never narrower than its own rounds allow:

- With fewer than `MIN_ROUNDS` process rounds there is no interval. Student's interval of two rounds has almost no width
  if the rounds agree by chance, and may span a factor of a million if they do not.
- An interval is at least as wide as the uncertainty from the samples within the rounds. Rounds may agree by chance, but
  all their samples can't.
- Where a group stopped because its intervals were narrow, the last `FRESH_ROUNDS` rounds came after that decision, and
  an interval is at least as wide as they alone make it. The rounds before them were chosen for agreeing.
- An interval whose ends are more than a factor `MAX_SPAN` apart says nothing, and is not given.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from analysis.statistics.estimates import Estimate
from analysis.statistics.intervals import normal_quantile, student_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: Samples per round below which the round's own median is too uncertain to be used.
LEAST_SAMPLES = 5
#: Fewest process rounds for which an interval is given.
MIN_ROUNDS = 3
#: Rounds that follow once a group has met its target. Of two states of a process that are as likely, the one that no
#: round has shown so far shows in four more with a probability of 15/16.
FRESH_ROUNDS = 4
#: The most by which the upper bound may exceed the lower, as a factor.
MAX_SPAN = 10.0


def effective_count(groups: Sequence[Array], share: float = 0.5) -> float:
    """How many independent samples the samples of all groups are worth for their quantile `share`.

    Samples of one group, such as a turn or a process round, resemble each other. The count is n over the design effect
    of cluster sampling for a quantile: the variance of the number of samples above it, group by group, over that of n
    independent samples.
    """
    sizes = np.array([len(group) for group in groups], dtype=float)
    total = float(sizes.sum())
    if len(groups) < 2 or total < LEAST_SAMPLES:  # noqa: PLR2004 - one group shows no difference between groups
        return total
    pooled = np.concatenate(groups)
    place = np.quantile(pooled, share)
    # Samples at the quantile count in part, so that ties are not taken for agreement.
    above, at = (np.array([test(group, place).sum() for group in groups]) for test in (np.greater, np.equal))
    part = ((1 - share) * total - above.sum()) / max(at.sum(), 1)
    surplus = above + part * at - (1 - share) * sizes
    effect = float((surplus**2).sum()) / (total * share * (1 - share)) * len(groups) / (len(groups) - 1)
    return total / min(max(effect, 1.0), float(sizes.max()))


def median_interval(rounds: Sequence[Array], *, least: int = LEAST_SAMPLES, fresh: int = 0) -> Estimate:
    """The geometric mean over rounds of the per-round medians, with its 95 % interval.

    Args:
        rounds: Positive values of each round, in any order.
        least: Fewest values a round must have; 1 where each value is itself a median of several samples.
        fresh: How many rounds followed a decision to stop; 0 where the number of rounds does not depend on the times.
    """
    estimate = rounds_estimate(np.array([np.median(values) for values in rounds]), fresh)
    if estimate.has_interval and min(len(values) for values in rounds) < least:
        return Estimate(value=estimate.value, reason=f"a round has fewer than {least} samples")
    return estimate


def ratio_interval(numerators: Sequence[Array], denominators: Sequence[Array], *, fresh: int = 0) -> Estimate:
    """The geometric mean over rounds of sum over sum, with its 95 % interval.

    In each round, every turn has a numerator, such as images done, and a positive denominator, such as time taken.
    """
    pairs = zip(numerators, denominators, strict=True)
    return rounds_estimate(np.array([top.sum() / bottom.sum() for top, bottom in pairs]), fresh)


def rounds_estimate(values: Array, fresh: int = 0) -> Estimate:
    """The geometric mean of one positive value per round, with Student's interval of the logarithms."""
    value = _geometric_mean(values)
    if len(values) < MIN_ROUNDS:
        return Estimate(value=value, reason=too_few_rounds(len(values)) or "no samples")
    reach = math.exp(log_half_width(np.log(values), fresh))
    return Estimate(value=value, low=value / reach, high=value * reach, method="student")


def log_half_width(logs: Array, fresh: int = 0) -> Array:
    """Half the width of Student's 95 % interval of a mean over rounds; shape (..., rounds) to (...).

    With `fresh` last rounds that came after a decision to stop, it is at least as wide as with the spread that they
    added. That spread did not enter the decision, so the interval holds the truth in 95 %, however the rounds before
    were chosen: for normal values this is exact.
    """
    rounds = logs.shape[-1]
    half: Array = student_quantile(rounds - 1) * np.sqrt(_squares(logs) / (rounds - 1) / rounds)
    if 0 < fresh < rounds:
        added = np.maximum(_squares(logs) - _squares(logs[..., :-fresh]), 0.0)
        half = np.maximum(half, student_quantile(fresh) * np.sqrt(added / fresh / rounds))
    return half


def _squares(logs: Array) -> Array:
    """The sum of squared deviations from the mean, along the last axis."""
    deviations = logs - logs.mean(axis=-1, keepdims=True)
    total: Array = (deviations**2).sum(axis=-1)
    return total


def _geometric_mean(values: Array) -> float:
    if not len(values):
        return math.nan
    # Rounding would give equal values another mean.
    return float(np.clip(np.exp(np.log(values).mean()), values.min(), values.max()))


def too_few_rounds(rounds: int) -> str:
    """Why so few rounds have no interval; empty where they have one, or no samples at all."""
    if not 0 < rounds < MIN_ROUNDS:
        return ""
    count = "1 round is" if rounds == 1 else f"{rounds} rounds are"
    return f"{count} too few for an interval; use --rounds {MIN_ROUNDS} or more"


def apply_rules(estimate: Estimate, within: Sequence[float]) -> Estimate:
    """The estimate of a positive number with the interval that the rules above leave it.

    `within` has for each round how far its samples leave its own number open, as `median_openness` gives it.
    """
    if reason := too_few_rounds(len(within)):
        return Estimate(value=estimate.value, reason=reason)
    if not estimate.has_interval:
        return estimate
    least = math.exp(math.sqrt(sum(width**2 for width in within)) / len(within))
    low, high = min(estimate.low, estimate.value / least), max(estimate.high, estimate.value * least)
    if low <= 0 or high > MAX_SPAN * low:
        reason = f"an interval would span more than a factor of {MAX_SPAN:.0f}; use more --rounds"
        return Estimate(value=estimate.value, reason=reason)
    return replace(estimate, low=low, high=high)


def median_openness(values: Array, effective: float) -> float:
    """Half the width of the 95 % interval of the median of one round's samples, as a logarithm.

    By ranks: of n independent samples, those within 0.98 / sqrt(n) of the middle, as a share, hold the median.
    """
    reach = min(0.5, normal_quantile() / 2 / math.sqrt(effective))
    low, high = np.quantile(values, [0.5 - reach, 0.5 + reach])
    return float(np.log(high / low)) / 2


def ratio_openness(numerators: Array, denominators: Array) -> float:
    """Half the width of the 95 % interval of a ratio of two sums over the turns of one round, as a logarithm.

    It is 0 where a single turn shows no spread. Each turn has a numerator, such as images done, and a denominator, such
    as time taken.
    """
    turns = len(numerators)
    if turns == 1:
        return 0.0
    residuals = numerators / numerators.sum() - denominators / denominators.sum()
    return normal_quantile() * math.sqrt(float((residuals**2).sum()) * turns / (turns - 1))
