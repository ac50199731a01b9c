"""What a spectrum says: rank at a tolerance, and the measures of how evenly it is spread, each with its source.

All measures take singular values s of shape (..., C), descending, and the number of rows N; lambda = s^2 / N are the
variances along the principal directions where the features are centred. Published functions of the same name differ
by up to 2.4 times on one matrix, in whether they take s or s^2, centred or not: the definitions here are exact, and
each row says which spectrum it was computed from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from analysis.data_tables import load_table
from analysis.rank.spectra import formulas
from analysis.rank.spectra.spectrum import CENTRINGS
from analysis.rank.spectra.tolerance import DEFAULT_TOLERANCES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from analysis.rank.spectra.spectrum import Array, Centring, Spectrum
    from analysis.rank.spectra.tolerance import Tolerance

#: A cut between two singular values this far apart is a property of the matrix rather than of the tolerance.
CLEAR_GAP = 10.0
#: A rank that changes by more than this share of C when its tolerance moves by a factor of 10 either way hangs on it.
_TOLERATED_CHANGE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One measure of a spectrum.

    Args:
        name: As in tables.
        formula: In terms of s, lambda, N and C.
        source: Who defined it.
        compute: From singular values of shape (..., C), descending and not all zero, and N, to shape (...).
        centring: The spectrum it is defined on; both where empty.
        counts: Whether it counts directions, so that it can be set against C.
    """

    name: str
    formula: str
    source: str
    compute: Callable[[Array, int], Array]
    centring: Literal["", "uncentred", "centred"] = ""
    counts: bool = True

    def applies_to(self, centring: Centring) -> bool:
        """Whether it is defined on that spectrum."""
        return self.centring in ("", centring)


#: Every measure besides the rank, by name.
METRICS = {
    name: Metric(name=name, compute=getattr(formulas, name), **facts) for name, facts in load_table(__file__).items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RankRow:
    """One number about a spectrum.

    Args:
        metric: ``rank``, or a key of `METRICS`.
        centring: ``uncentred`` or ``centred``.
        tolerance: Name of the tolerance of a rank; empty for other metrics.
        value: The number; NaN where it can't be given, and then `flags` say why.
        value_per_channel: Over C, for what counts directions; NaN otherwise.
        threshold: Below which a singular value counted as zero, in the unit of the features; NaN for other metrics.
        gap: s_r / s_(r+1); NaN where r is 0 or C.
        margin: s_r / threshold; NaN where r is 0.
        flags: Doubts, those of `Spectrum.flags` and of a rank. ``no_gap``: the cut is between values less than 10
            times apart. ``tolerance_dominated``: a tolerance of 10 times or a tenth changes it by more than 2 % of C.
    """

    metric: str
    centring: Centring
    tolerance: str = ""
    value: float = math.nan
    value_per_channel: float = math.nan
    threshold: float = math.nan
    gap: float = math.nan
    margin: float = math.nan
    flags: tuple[str, ...] = ()


def count_above(values: Array, threshold: float) -> int:
    """How many singular values are above a threshold."""
    return int(np.count_nonzero(values > threshold))


def numerical_rank(spectrum: Spectrum, tolerance: Tolerance, centring: Centring) -> RankRow:
    """The number of singular values above a tolerance, with the gap and the margin of the cut.

    Args:
        spectrum: Spectrum of the features.
        tolerance: Where to cut.
        centring: Which singular values.
    """
    values, flags = spectrum.values(centring), spectrum.flags()
    threshold = tolerance.threshold(spectrum, centring)
    if "non_finite" in flags or math.isnan(threshold):
        return RankRow(metric="rank", centring=centring, tolerance=tolerance.name, flags=flags)
    rank = count_above(values, threshold)
    cut = 0 < rank < len(values)
    gap = _over(values[rank - 1], values[rank]) if cut else math.nan
    if cut and gap < CLEAR_GAP:
        flags += ("no_gap",)
    if count_above(values, threshold / 10) - count_above(values, threshold * 10) > _TOLERATED_CHANGE * len(values):
        flags += ("tolerance_dominated",)
    return RankRow(
        metric="rank",
        centring=centring,
        tolerance=tolerance.name,
        value=rank,
        value_per_channel=rank / spectrum.channels,
        threshold=threshold,
        gap=gap,
        margin=_over(values[rank - 1], threshold) if rank else math.nan,
        flags=flags,
    )


def _over(numerator: float, denominator: float) -> float:
    return float(numerator / denominator) if denominator else math.inf


def measure(
    spectrum: Spectrum,
    *,
    tolerances: Sequence[Tolerance] = DEFAULT_TOLERANCES,
    centrings: Sequence[Centring] = CENTRINGS,
) -> list[RankRow]:
    """Every metric of a spectrum, one row per metric, centring and tolerance.

    A certified rank is left out where the features were not computed in float64, too.

    Args:
        spectrum: Spectrum of the features.
        tolerances: At which the rank is counted.
        centrings: Which of the two spectra.
    """
    rows = []
    for centring in centrings:
        cuts = [one for one in tolerances if one.rule != "certified" or spectrum.noise is not None]
        rows += [numerical_rank(spectrum, one, centring) for one in cuts]
        rows += [_measure_one(spectrum, one, centring) for one in METRICS.values() if one.applies_to(centring)]
    return rows


def _measure_one(spectrum: Spectrum, metric: Metric, centring: Centring) -> RankRow:
    values, flags = spectrum.values(centring), spectrum.flags()
    if "non_finite" in flags:
        return RankRow(metric=metric.name, centring=centring, flags=flags)
    # Of a matrix of zeros no share can be formed; centred features are that where every channel is constant.
    value = float(metric.compute(values, spectrum.rows)) if values.any() else (0.0 if metric.counts else math.nan)
    per_channel = value / spectrum.channels if metric.counts else math.nan
    return RankRow(metric=metric.name, centring=centring, value=value, value_per_channel=per_channel, flags=flags)


def rank_curve(
    spectrum: Spectrum, centring: Centring, *, decades: int = 15, per_decade: int = 8
) -> tuple[Array, Array]:
    """The rank at every relative tolerance: where it is flat, the tolerance does not matter.

    Args:
        spectrum: Spectrum of the features.
        centring: Which singular values.
        decades: From 1 downwards.
        per_decade: Points in each.

    Returns:
        Tolerances relative to the largest singular value, rising to 1, and ranks, both of shape
        (decades * per_decade + 1,). The ranks are NaN where the features were not finite.
    """
    tolerances = np.logspace(-decades, 0, decades * per_decade + 1)
    values = spectrum.values(centring)
    if np.isnan(values).any():
        return tolerances, np.full(len(tolerances), math.nan)
    ascending = values[::-1]
    ranks = len(values) - np.searchsorted(ascending, tolerances * values[0], side="right")
    return tolerances, ranks.astype(np.float64)
