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


_ALL = (
    Metric(
        name="effective_rank",
        formula="exp(-sum p log p), p = s / sum s, with 0 log 0 = 0",
        source="Roy and Vetterli, EUSIPCO 2007",
        compute=formulas.effective_rank,
    ),
    Metric(
        name="rankme",
        formula="exp(-sum p log p), p = s / sum s + 1e-7",
        source="Garrido et al., arXiv 2210.02885",
        compute=formulas.rankme,
        centring="uncentred",
    ),
    Metric(
        name="vn_rank",
        formula="exp(-sum q log q), q = lambda / sum lambda",
        source="exponential of the von Neumann entropy; what reptrix and Diff-eRank call effective rank",
        compute=formulas.von_neumann_rank,
    ),
    Metric(
        name="stable_rank",
        formula="sum s^2 / s_1^2",
        source="Rudelson and Vershynin, J. ACM 54 (2007)",
        compute=formulas.stable_rank,
    ),
    Metric(
        name="participation_ratio",
        formula="(sum lambda)^2 / sum lambda^2",
        source="Gao et al., bioRxiv 214262 (2017)",
        compute=formulas.participation_ratio,
    ),
    Metric(
        name="participation_ratio_corrected",
        formula="A / B with n = N - 1, B = n^2 / ((n - 1)(n + 2)) (tr S^2 - (tr S)^2 / n), A = (tr S)^2 - 2 B / n",
        source="unbiased traces of a Gaussian covariance: Srivastava, J. Japan Statist. Soc. 35 (2005)",
        compute=formulas.participation_ratio_corrected,
        centring="centred",
    ),
    Metric(
        name="nuclear_norm",
        formula="sum s",
        source="Fazel, thesis, Stanford 2002; scales with the features and with sqrt(N)",
        compute=formulas.nuclear_norm,
        counts=False,
    ),
    Metric(
        name="nuclear_norm_per_root_row",
        formula="sum s / sqrt(N)",
        source="as nuclear_norm, independent of N",
        compute=formulas.nuclear_norm_per_root_row,
        counts=False,
    ),
    Metric(
        name="nuclear_over_largest",
        formula="sum s / s_1",
        source="as nuclear_norm, independent of scale",
        compute=formulas.nuclear_over_largest,
    ),
    Metric(
        name="nuclear_over_frobenius",
        formula="sum s / sqrt(sum s^2)",
        source="as nuclear_norm, independent of scale; its square is at most the rank",
        compute=formulas.nuclear_over_frobenius,
        counts=False,
    ),
    *(
        Metric(
            name=f"k{percent}",
            formula=f"smallest k whose s_1^2 ... s_k^2 reach {percent} % of sum s^2",
            source="principal component analysis",
            compute=formulas.reach_of(percent / 100),
        )
        for percent in (90, 95, 99)
    ),
    Metric(
        name="saturation",
        formula="k99 / C of the centred features",
        source="Shenk et al., arXiv 1907.08589; here the smallest k that reaches 99 %",
        compute=formulas.saturation,
        centring="centred",
        counts=False,
    ),
    Metric(
        name="srank",
        formula="smallest k whose s_1 ... s_k reach 99 % of sum s",
        source="Kumar et al., arXiv 2010.14498",
        compute=formulas.srank,
    ),
    Metric(
        name="alpha",
        formula="minus the slope of log lambda_i over log i, by least squares, 0.05 C <= i <= 0.5 C",
        source="Agrawal et al., arXiv 2202.05808, who chose their range by eye",
        compute=formulas.alpha,
        centring="centred",
        counts=False,
    ),
    Metric(
        name="alpha_r2",
        formula="coefficient of determination of the fit of alpha",
        source="as alpha",
        compute=formulas.alpha_r2,
        centring="centred",
        counts=False,
    ),
)

#: Every measure besides the rank, by name.
METRICS = {metric.name: metric for metric in _ALL}


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
