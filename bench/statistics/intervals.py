"""Intervals for medians of grouped samples: rounds hold turns, turns hold samples. Arrays in, estimates out.

An interval is given where it says something, and it is never narrower than its own rounds allow:

- With fewer than `MIN_ROUNDS` process rounds there is no interval. Student's interval of two rounds has almost no width
  if the rounds agree by chance, and may span a factor of a million if they do not.
- An interval is at least as wide as the uncertainty from the samples within the rounds. Rounds may agree by chance, but
  all their samples can't.
- An interval whose ends are more than a factor `MAX_SPAN` apart says nothing, and is not given.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from analysis.statistics.bootstrap import DRAWS, bootstrap_estimate
from analysis.statistics.estimates import Estimate
from analysis.statistics.intervals import mean_estimate, normal_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: Below six rounds no finite two-sided 95 % order-statistic interval of a median exists (2 * 0.5**5 > 0.05),
#: and a bootstrap that resamples so few rounds is optimistic.
BOOTSTRAP_ROUNDS = 6
#: Samples per round below which the round's own median is too uncertain to be resampled.
LEAST_SAMPLES = 5
#: Fewest process rounds for which an interval is given.
MIN_ROUNDS = 3
#: The most by which the upper bound may exceed the lower, as a factor.
MAX_SPAN = 10.0

_SEED = 20_210_607


def effective_count(turns: Sequence[Array]) -> float:
    """How many independent samples the samples of one round are worth for its median.

    Samples of one turn are neighbours in time and resemble each other. The count is n over the design effect of
    cluster sampling for a median: the variance of the number of samples above it, turn by turn, over n/4.
    """
    sizes = np.array([len(turn) for turn in turns], dtype=float)
    total = float(sizes.sum())
    if len(turns) < 2 or total < LEAST_SAMPLES:  # noqa: PLR2004 - one turn shows no difference between turns
        return total
    middle = np.median(np.concatenate(turns))
    # A sample at the median counts half above it, so that ties are not taken for agreement.
    above = np.array([(turn > middle).sum() + 0.5 * (turn == middle).sum() for turn in turns])
    effect = 4 * float(((above - sizes / 2) ** 2).sum()) / total * len(turns) / (len(turns) - 1)
    return total / min(max(effect, 1.0), float(sizes.max()))


def median_interval(rounds: Sequence[Array], effective: Sequence[float], *, least: int = LEAST_SAMPLES) -> Estimate:
    """The median over rounds of the per-round medians, with its 95 % interval.

    One round gives none: it can't see how processes differ, which is the larger part of the variance; whether two are
    enough to be shown is for `apply_rules`. Two to five
    rounds give Student's t interval of the logarithms of their medians, right where those are close to normal and wide
    where they are few. Six and more give a hierarchical bootstrap: rounds, then samples within each.

    Args:
        rounds: Positive values of each round, in any order.
        effective: What `effective_count` says of each round.
        least: Fewest values a round must have; 1 where each value is itself a median of several samples.
    """
    medians = np.array([np.median(values) for values in rounds])
    if reason := _why_none(rounds, least):
        return Estimate(value=_median(medians), reason=reason)
    if len(rounds) < BOOTSTRAP_ROUNDS:
        return _student_of_logs(medians)
    rng = np.random.default_rng(_SEED)
    drawn = np.stack([_draw_medians(rng, values, count) for values, count in zip(rounds, effective, strict=True)])
    return _bootstrap_rounds(medians, drawn, rng)


def ratio_interval(numerators: Sequence[Array], denominators: Sequence[Array]) -> Estimate:
    """The median over rounds of sum over sum, with its 95 % interval from resampling rounds and then turns.

    In each round, every turn has a numerator, such as images done, and a positive denominator, such as time taken.
    """
    pairs = list(zip(numerators, denominators, strict=True))
    ratios = np.array([top.sum() / bottom.sum() for top, bottom in pairs])
    if reason := _why_none(numerators, 1):
        return Estimate(value=_median(ratios), reason=reason)
    if len(pairs) < BOOTSTRAP_ROUNDS:
        return _student_of_logs(ratios)
    rng = np.random.default_rng(_SEED)
    drawn = np.empty((len(pairs), DRAWS))
    for row, (top, bottom) in enumerate(pairs):
        turns = rng.integers(len(top), size=(DRAWS, len(top)))
        drawn[row] = top[turns].sum(axis=1) / bottom[turns].sum(axis=1)
    return _bootstrap_rounds(ratios, drawn, rng)


def _median(values: Array) -> float:
    return float(np.median(values)) if len(values) else math.nan


def _student_of_logs(values: Array) -> Estimate:
    """The median with Student's interval of the mean of the logarithms, one positive value per round."""
    logs = mean_estimate(np.log(values))
    return Estimate(value=_median(values), low=math.exp(logs.low), high=math.exp(logs.high), method=logs.method)


def _bootstrap_rounds(values: Array, drawn: Array, rng: np.random.Generator) -> Estimate:
    """The median over rounds, and its interval from resampling rounds of `drawn`, shape (rounds, draws)."""
    places = rng.integers(len(drawn), size=drawn.shape)
    medians = np.median(np.take_along_axis(drawn, places, axis=0), axis=0)
    return bootstrap_estimate(_median(values), medians)


def _why_none(rounds: Sequence[Array], least: int) -> str:
    if not rounds:
        return "no samples"
    if len(rounds) == 1:
        return "one process round can't show how processes differ"
    if min(len(values) for values in rounds) < least:
        return f"a round has fewer than {least} samples"
    return ""


def _draw_medians(rng: np.random.Generator, values: Array, effective: float) -> Array:
    """Medians of bootstrap resamples of `values`, drawn without resampling.

    The m-th smallest of n uniform variates is Beta(m, n - m + 1) distributed, and a resampled median is the sample at
    that rank; so one variate stands for a whole resample. `effective` takes the place of n.
    """
    middle = (effective + 1) / 2
    ranks = rng.beta(middle, middle, size=DRAWS)
    places = np.minimum((ranks * len(values)).astype(int), len(values) - 1)
    medians: Array = np.sort(values)[places]
    return medians


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
