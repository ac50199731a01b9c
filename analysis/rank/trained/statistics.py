"""Intervals over seeds: means, paired differences, and rank correlation. Plain arrays; the one door to scipy.

Every interval is two-sided, with 95 % coverage where no other is asked for, and covers what a seed changes: initial
weights, order of the images and, where the setting draws them anew, the training images. It does not cover another data
set or another recipe.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.rank.spectra.spectrum import Array

COVERAGE = 0.95
_DRAWS = 2000
#: A bootstrap over fewer seeds repeats itself and comes out far too narrow.
_BOOTSTRAP_SEEDS = 6
_SEED = 20_200_702


class Estimate(NamedTuple):
    """A number with its interval; the bounds are NaN where there is none."""

    value: float
    low: float
    high: float


def shared_coverage(tests: int) -> float:
    """The coverage of each of several intervals at which all of them hold together in at least 95 % (Bonferroni).

    Where one interval off its value is enough for a verdict, six of 95 % would give it by chance in up to 15 %.

    Args:
        tests: How many intervals are looked at.
    """
    return 1 - (1 - COVERAGE) / tests


def mean_estimate(values: Sequence[float], coverage: float = COVERAGE) -> Estimate:
    """The mean with Student's t interval; none from fewer than two values, or from values without any spread."""
    from scipy.stats import t  # type: ignore[import-untyped]  # noqa: PLC0415 - comes with scikit-learn, optional

    count = len(values)
    if not count:
        return Estimate(math.nan, math.nan, math.nan)
    mean = float(np.mean(values))
    # Accuracies are counts: two that agree by chance must not make an interval of no width.
    if count == 1 or min(values) == max(values):
        return Estimate(mean, math.nan, math.nan)
    half = float(t.ppf((1 + coverage) / 2, count - 1)) * float(np.std(values, ddof=1)) / math.sqrt(count)
    return Estimate(mean, mean - half, mean + half)


def correlation_estimate(first: Array, second: Array, coverage: float = COVERAGE) -> Estimate:
    """Spearman's rank correlation over all runs, with a percentile bootstrap that resamples seeds.

    The networks of a seed share order and images, so seeds are drawn and not runs; no interval from fewer than six.

    Args:
        first: Shape (seeds, networks).
        second: The same.
        coverage: Of the interval.
    """
    nothing = Estimate(math.nan, math.nan, math.nan)
    if first.size < 3:  # noqa: PLR2004 - two points always correlate
        return nothing
    value = float(_spearman(first.reshape(1, -1), second.reshape(1, -1))[0])
    seeds = len(first)
    if seeds < _BOOTSTRAP_SEEDS:
        return nothing._replace(value=value)
    chosen = np.random.default_rng(_SEED).integers(seeds, size=(_DRAWS, seeds))
    drawn = _spearman(first[chosen].reshape(_DRAWS, -1), second[chosen].reshape(_DRAWS, -1))
    if np.isnan(drawn).all():
        return nothing._replace(value=value)
    low, high = np.nanquantile(drawn, [(1 - coverage) / 2, (1 + coverage) / 2])
    return Estimate(value, float(low), float(high))


def _spearman(first: Array, second: Array) -> Array:
    """Of each row, shape (rows,); NaN where one side is constant."""
    from scipy.stats import rankdata  # noqa: PLC0415 - see mean_estimate

    x, y = (rankdata(one, axis=1) - (one.shape[1] + 1) / 2 for one in (first, second))
    norm = np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
    with np.errstate(invalid="ignore"):
        return np.asarray((x * y).sum(axis=1) / norm)
