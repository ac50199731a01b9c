"""Student's interval of a mean, Wilson's interval of a share, and the quantiles that they rest on."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import scipy

from analysis.statistics.estimates import COVERAGE, Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def normal_quantile(coverage: float = COVERAGE) -> float:
    """The number of standard deviations within which a normal variate lies with probability `coverage`."""
    return float(scipy.special.ndtri((1 + coverage) / 2))


@lru_cache(maxsize=1024)
def student_quantile(dof: float, coverage: float = COVERAGE) -> float:
    """The size that Student's t does not exceed with probability `coverage`.

    Args:
        dof: Degrees of freedom, above 0, whole or not.
        coverage: Two-sided, above 0 and below 1.
    """
    return float(scipy.special.stdtrit(dof, (1 + coverage) / 2))


def shared_coverage(intervals: int) -> float:
    """The coverage of each of several intervals at which all of them hold in at least 95 % (Bonferroni).

    Where one interval below its mark decides, six intervals of 95 % decide by chance in up to 15 %.
    """
    return 1 - (1 - COVERAGE) / intervals


def standard_error(values: Array) -> float:
    """The standard error of the mean; NaN below two values."""
    return float(np.std(values, ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan


def mean_estimate(values: Array, coverage: float = COVERAGE) -> Estimate:
    """The mean of independent values with Student's interval.

    Values without any spread have an interval of no width.

    Args:
        values: Shape (n,).
        coverage: Coverage of the interval.
    """
    if not len(values):
        return Estimate(reason="no values")
    value = float(np.mean(values))
    if len(values) == 1:
        return Estimate(value=value, reason="one value shows no spread")
    half = student_quantile(len(values) - 1, coverage) * standard_error(values)
    return Estimate(value=value, low=value - half, high=value + half, method="student")


def wilson_estimate(hits: int, trials: int, coverage: float = COVERAGE) -> Estimate:
    """A share with Wilson's score interval, which never leaves the range from 0 to 1.

    Args:
        hits: Successes, from 0 to `trials`.
        trials: 1 or more, as if drawn independently from a population.
        coverage: Coverage of the interval.

    Source: Wilson 1927, J. Am. Stat. Assoc. 22:209; method 3 of Newcombe 1998, Stat. Med. 17:857.
    """
    low, high = scipy.stats.binomtest(hits, trials).proportion_ci(coverage, method="wilson")
    return Estimate(value=hits / trials, low=float(low), high=float(high), method="wilson")


def upper_deviation(deviation: float, dof: int, coverage: float = COVERAGE) -> float:
    """The upper bound of a standard deviation's one-sided interval, for normal values.

    Args:
        deviation: As estimated from the values.
        dof: Degrees of freedom of the estimate, 1 or more.
        coverage: One-sided.
    """
    return deviation * math.sqrt(dof / scipy.special.chdtri(dof, coverage))
