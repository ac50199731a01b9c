"""Tests of difference with their p-values, the correction for many tests, and the power of Student's test."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import scipy

from analysis.statistics.estimates import COVERAGE, Estimate
from analysis.statistics.intervals import mean_estimate, standard_error, student_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.statistics.intervals import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A difference of means, and how likely as large a one is where there is no difference.

    Args:
        estimate: The difference with Student's interval.
        p_value: Two-sided.
    """

    estimate: Estimate
    p_value: float


def student_p(statistic: float, dof: float) -> float:
    """The two-sided p-value of a t statistic.

    Args:
        statistic: Positive or negative; may be infinite.
        dof: Degrees of freedom, above 0, whole or not.
    """
    return float(2 * scipy.special.stdtr(dof, -abs(statistic)))


def paired_test(differences: Array) -> Difference:
    """Student's test of a mean of 0, from two differences or more."""
    estimate, error = mean_estimate(differences), standard_error(differences)
    if error == 0:
        return Difference(estimate=estimate, p_value=float(estimate.value == 0))
    return Difference(estimate=estimate, p_value=student_p(estimate.value / error, len(differences) - 1))


def welch_test(first: Array, second: Array) -> Difference:
    """Welch's test of equal means; the difference is the second mean minus the first.

    Args:
        first: A sample of two values or more.
        second: Another, whose variance may be different.
    """
    value = float(second.mean() - first.mean())
    if np.ptp(first) == np.ptp(second) == 0:
        same = Estimate(value=value, low=value, high=value, method="student")
        return Difference(estimate=same, p_value=float(value == 0))
    with warnings.catch_warnings():
        # scipy warns of a sample without spread, which is no trouble beside one that has some.
        warnings.simplefilter("ignore", RuntimeWarning)
        result = scipy.stats.ttest_ind(second, first, equal_var=False)
        low, high = result.confidence_interval(COVERAGE)
    estimate = Estimate(value=value, low=float(low), high=float(high), method="student")
    return Difference(estimate=estimate, p_value=float(result.pvalue))


def mann_whitney_p(first: Array, second: Array) -> float:
    """The two-sided p-value of the Mann-Whitney test, by its normal approximation corrected for ties and continuity.

    Args:
        first: A sample; the approximation wants eight values or more in each.
        second: Another.
    """
    return float(scipy.stats.mannwhitneyu(first, second, method="asymptotic").pvalue)


def adjust_p_values(p_values: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's adjusted p-values: of those up to 0.05, at most 5 % are false on average.

    Args:
        p_values: One per test; a missing one is NaN, stays NaN and is not counted.
    """
    adjusted = np.array(p_values, dtype=float)
    known = ~np.isnan(adjusted)
    adjusted[known] = scipy.stats.false_discovery_control(adjusted[known])
    return [float(value) for value in adjusted]


@lru_cache(maxsize=64)
def detectable_shift(count: int, power: float, coverage: float = COVERAGE) -> float:
    """The smallest mean that Student's test finds with probability `power`, in standard errors of the mean.

    Found means that the mean is significantly above 0 in the two-sided test of `count` normal values.

    Args:
        count: Values, 2 or more.
        power: Such as 0.95.
        coverage: 1 minus the level of the test.
    """
    dof = count - 1
    return float(scipy.special.nctdtrinc(dof, 1 - power, student_quantile(dof, coverage)))
