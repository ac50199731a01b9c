"""Means over random networks with their intervals, and differences paired by network."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from analysis.rank.layers.setting import LayerSetting
    from analysis.rank.spectra.spectrum import Array

_COVERAGE = 0.95


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over networks with its standard error and 95 % interval; NaN bounds below two networks."""

    value: float
    se: float
    low: float
    high: float


def mean_of(values: Array) -> Mean:
    """The mean of one number per network, independent draws: Student's interval.

    Args:
        values: Shape (networks,).
    """
    count, value = len(values), float(np.mean(values))
    if count < 2:  # noqa: PLR2004 - one value does not spread
        return Mean(value, math.nan, math.nan, math.nan)
    se = float(np.std(values, ddof=1)) / math.sqrt(count)
    half = student_t(count - 1) * se
    return Mean(value, se, value - half, value + half)


def student_t(freedom: int, coverage: float = _COVERAGE) -> float:
    """The two-sided quantile of Student's t.

    Exact for 1 and 2 degrees of freedom; above, the expansion in 1 / freedom to third order (Abramowitz and Stegun
    26.7.5). At 95 % it is within 0.3 % from 4 degrees on, and 2 % at 3; further out it is too small for few degrees.
    """
    if freedom < 1:
        return math.nan
    z = NormalDist().inv_cdf((1 + coverage) / 2)
    if freedom == 1:
        return math.tan(math.pi * coverage / 2)
    if freedom == 2:  # noqa: PLR2004 - closed form
        return coverage * math.sqrt(2 / (1 - coverage**2))
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3


def paired_errors(values: Array, setting: LayerSetting) -> Array:
    """Standard errors of the differences to the reference activation, paired by network.

    Args:
        values: Shape (networks, ratios, activations).
        setting: Names the reference; where it is not among the activations, the errors of the means are given.

    Returns:
        Shape (ratios, activations).
    """
    if setting.reference in setting.activations:
        place = setting.activations.index(setting.reference)
        values = values - values[..., place : place + 1]
    return np.asarray(np.std(values, axis=0, ddof=1) / math.sqrt(len(values)))
