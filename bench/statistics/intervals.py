"""Intervals for medians of grouped samples: rounds hold turns, turns hold samples. Plain arrays, numpy only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: Two-sided coverage of every interval in this package.
COVERAGE = 0.95
#: Below six rounds no finite two-sided 95 % order-statistic interval of a median exists (2 * 0.5**5 > 0.05),
#: and a bootstrap that resamples so few rounds is optimistic.
BOOTSTRAP_ROUNDS = 6
#: Samples per round below which the round's own median is too uncertain to be resampled.
LEAST_SAMPLES = 5

_DRAWS = 2000
_SEED = 20_210_607
#: Student's t at 97.5 %, by degrees of freedom.
_STUDENT_T = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776}
_NORMAL = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A 95 % interval; NaN bounds where none can be given, and then `reason` says why.

    Args:
        low: Lower bound, in the unit of the values.
        high: Upper bound.
        method: ``bootstrap``, ``student`` or empty.
        reason: One line; empty where the bounds are finite.
    """

    low: float = math.nan
    high: float = math.nan
    method: str = ""
    reason: str = ""


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


def median_interval(rounds: Sequence[Array], effective: Sequence[float], *, least: int = LEAST_SAMPLES) -> Interval:
    """The 95 % interval of the median over rounds of the per-round medians.

    One round gives none: it can't see how processes differ, which is the larger part of the variance. Two to five
    rounds give Student's t interval of the logarithms of their medians, right where those are close to normal and wide
    where they are few. Six and more give a hierarchical bootstrap: rounds, then samples within each.

    Args:
        rounds: Positive values of each round, in any order.
        effective: What `effective_count` says of each round.
        least: Fewest values a round must have; 1 where each value is itself a median of several samples.
    """
    if reason := _why_none(rounds, least):
        return Interval(reason=reason)
    if len(rounds) < BOOTSTRAP_ROUNDS:
        return student_interval(np.array([np.median(values) for values in rounds]))
    rng = np.random.default_rng(_SEED)
    drawn = np.stack([_draw_medians(rng, values, count) for values, count in zip(rounds, effective, strict=True)])
    return resampled_interval(rng, drawn)


def student_interval(estimates: Array) -> Interval:
    """Student's t interval of the mean of the logarithms of one positive estimate per round, 2 to 5 rounds."""
    logs = np.log(estimates)
    half = _STUDENT_T[len(logs) - 1] * float(logs.std(ddof=1)) / math.sqrt(len(logs))
    return Interval(low=math.exp(logs.mean() - half), high=math.exp(logs.mean() + half), method="student")


def resampled_interval(rng: np.random.Generator, drawn: Array) -> Interval:
    """The percentile interval of the median over rounds, resampling rounds.

    Args:
        rng: Source of the draws.
        drawn: Resampled estimates of each round, ``(rounds, draws)``.
    """
    chosen = rng.integers(len(drawn), size=drawn.shape)
    medians = np.median(np.take_along_axis(drawn, chosen, axis=0), axis=0)
    low, high = np.quantile(medians, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return Interval(low=float(low), high=float(high), method="bootstrap")


def ratio_interval(numerators: Sequence[Array], denominators: Sequence[Array]) -> Interval:
    """The interval of the median over rounds of sum over sum, resampling rounds and then turns.

    Args:
        numerators: Per round, one value per turn (such as images done).
        denominators: The same (such as time taken), positive.
    """
    if reason := _why_none(numerators, 1):
        return Interval(reason=reason)
    pairs = list(zip(numerators, denominators, strict=True))
    if len(pairs) < BOOTSTRAP_ROUNDS:
        return student_interval(np.array([top.sum() / bottom.sum() for top, bottom in pairs]))
    rng = np.random.default_rng(_SEED)
    drawn = np.empty((len(pairs), _DRAWS))
    for row, (top, bottom) in enumerate(pairs):
        turns = rng.integers(len(top), size=(_DRAWS, len(top)))
        drawn[row] = top[turns].sum(axis=1) / bottom[turns].sum(axis=1)
    return resampled_interval(rng, drawn)


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
    ranks = rng.beta(middle, middle, size=_DRAWS)
    places = np.minimum((ranks * len(values)).astype(int), len(values) - 1)
    medians: Array = np.sort(values)[places]
    return medians
