"""Intervals for medians of grouped samples: rounds hold turns, turns hold samples. Arrays in, estimates out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from analysis.statistics.bootstrap import DRAWS, bootstrap_estimate
from analysis.statistics.estimates import Estimate
from analysis.statistics.intervals import mean_estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: Below six rounds no finite two-sided 95 % order-statistic interval of a median exists (2 * 0.5**5 > 0.05),
#: and a bootstrap that resamples so few rounds is optimistic.
BOOTSTRAP_ROUNDS = 6
#: Samples per round below which the round's own median is too uncertain to be resampled.
LEAST_SAMPLES = 5

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
    enough to be shown is for `bench.statistics.interval_rules`. Two to five
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
