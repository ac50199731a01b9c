"""Student's t, Welch's test and the Mann-Whitney test on plain arrays: numpy only, scipy is no dependency."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bench.statistics.intervals import Array

_TINY = 1e-300
_TERMS = 300


def student_p(statistic: float, dof: float) -> float:
    """Two-sided p-value of a t statistic.

    Args:
        statistic: The value; its sign does not matter.
        dof: Degrees of freedom, above 0, whole or not.
    """
    if math.isinf(statistic):
        return 0.0
    return _incomplete_beta(dof / 2, 0.5, dof / (dof + statistic**2))


@lru_cache(maxsize=256)
def student_quantile(coverage: float, dof: float) -> float:
    """The t beyond which, on both sides together, lies 1 - `coverage`.

    Args:
        coverage: Such as 0.95.
        dof: Degrees of freedom, above 0.
    """
    low, high = 0.0, 1.0
    while student_p(high, dof) > 1 - coverage:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if student_p(middle, dof) > 1 - coverage else (low, middle)
    return high


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by Lentz's continued fraction (Numerical Recipes, section 6.4)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    value, c, d = 1.0, 1.0, 0.0
    for term in range(_TERMS):
        m = term // 2
        if term == 0:
            top = 1.0
        elif term % 2 == 0:
            top = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            top = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / _off_zero(1 + top * d)
        c = _off_zero(1 + top / c)
        value *= c * d
        if abs(c * d - 1) < 1e-15:  # noqa: PLR2004 - as near as a double gets
            break
    return front * (value - 1)


def _off_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def welch(one: Array, two: Array) -> tuple[float, float, float]:
    """Welch's t-test of equal means.

    Args:
        one: A sample of two values or more.
        two: Another.

    Returns:
        Standard error of the difference, degrees of freedom and the two-sided p-value.
    """
    parts = [float(values.var(ddof=1)) / len(values) for values in (one, two)]
    error = math.sqrt(sum(parts))
    difference = float(two.mean() - one.mean())
    if error == 0:
        return 0.0, float(len(one) + len(two) - 2), float(difference == 0)
    dof = sum(parts) ** 2 / sum(part**2 / (len(values) - 1) for part, values in zip(parts, (one, two), strict=True))
    return error, dof, student_p(difference / error, dof)


def mann_whitney(one: Array, two: Array) -> float:
    """Two-sided p-value of the Mann-Whitney test, by its normal approximation with ties and continuity corrected.

    Args:
        one: A sample; the approximation wants eight values or more in each.
        two: Another.
    """
    count, other = len(one), len(two)
    total = count + other
    _, place, ties = np.unique(np.concatenate([one, two]), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(ties) - (ties - 1) / 2)[place]
    statistic = float(ranks[:count].sum()) - count * (count + 1) / 2
    tied = float((ties.astype(float) ** 3 - ties).sum()) / (total * (total - 1))
    spread = math.sqrt(count * other / 12 * max(total + 1 - tied, 0.0))
    if spread == 0:
        return 1.0
    distance = max(abs(statistic - count * other / 2) - 0.5, 0.0) / spread
    return math.erfc(distance / math.sqrt(2))
