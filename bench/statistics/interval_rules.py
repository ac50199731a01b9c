"""When an interval is given: never one that says nothing, and never one narrower than its own rounds allow.

- Below `MIN_ROUNDS` process rounds there is none. Two rounds that happen to agree have a Student interval of almost no
  width, and two that happen not to have one from a thousandth to a thousand times the number.
- It reaches at least as far from the number as the samples within the rounds leave the number open: rounds may agree
  by luck, samples within them can't all.
- One whose ends are more than a factor `MAX_SPAN` apart says nothing, and is not given.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from analysis.statistics.estimates import Estimate
from analysis.statistics.intervals import normal_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.statistics.intervals import Array

#: Process rounds from which on an interval between rounds is given.
MIN_ROUNDS = 3
#: The most by which the upper bound may exceed the lower, as a factor.
MAX_SPAN = 10.0


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
