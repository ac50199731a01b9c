"""Whether models stand in the same order here as in a published table of latencies, and which ones do not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.statistics.bootstrap import kendall_estimate
from analysis.statistics.estimates import Estimate
from bench.records.case import LATENCY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from analysis.statistics.intervals import Array
    from bench.statistics.case_result import CaseResult

    #: Name of a model to its published latency [s] by input side [pixels]; empty for a model the table lacks.
    PublishedTimes = Mapping[str, Mapping[int, float]]

#: Fewer models have an order by chance.
MIN_MODELS = 5
#: Tukey's rule: an outlier lies further than this many interquartile ranges from the quartiles.
_FENCE = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPoint:
    """A model measured here and published elsewhere.

    Args:
        result: The case measured here.
        published_s: Its published latency [s].
        deviation: Our latency over the published one, over the typical ratio of all models; 1 for a typical model.
        outlier: Whether the logarithm of the deviation is an outlier among those of all models, by Tukey's rule.
    """

    result: CaseResult
    published_s: float
    deviation: float
    outlier: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedOrder:
    """The order of the latencies of one backend beside the published order.

    Args:
        backend: That was measured.
        threads: That it was given.
        points: One for each model and side, the largest deviation first.
        tau: Kendall's tau-b of measured and published latencies; the units of its interval are architectures.
        typical_ratio: Median over the points of our latency over the published one.
        left_out: Cases that the table has no latency for, each with the reason.
    """

    backend: str
    threads: int
    points: tuple[OrderPoint, ...]
    tau: Estimate
    typical_ratio: float
    left_out: tuple[tuple[CaseResult, str], ...]

    @property
    def models(self) -> int:
        """The number of architectures."""
        return len({_architecture(point.result.case.model) for point in self.points})


def published_orders(cases: Iterable[CaseResult], published: PublishedTimes) -> tuple[PublishedOrder, ...]:
    """The order for each backend and number of threads; only what a table of fp32 at batch 1 on a CPU can be held to.

    Args:
        cases: Of a run; models that are not in `published` take no part.
        published: The table, for the models that it could hold.
    """
    groups: dict[tuple[str, int], list[CaseResult]] = {}
    for one in cases:
        if one.case.model in published and _is_plain(one):
            groups.setdefault((one.case.backend, one.case.threads), []).append(one)
    return tuple(_compare(backend, threads, group, published) for (backend, threads), group in groups.items())


def _is_plain(one: CaseResult) -> bool:
    case = one.case
    asked = (case.batch, case.precision, case.memory_format, case.device, case.scenario)
    # A latency that is missing is NaN, which is not above 0.
    return one.status == "ok" and asked == (1, "fp32", "contiguous", "cpu", LATENCY) and one.latency.value > 0


def _compare(backend: str, threads: int, group: Sequence[CaseResult], published: PublishedTimes) -> PublishedOrder:
    held = [one for one in group if one.case.resolution in published[one.case.model]]
    ratios = np.log([one.latency.value / published[one.case.model][one.case.resolution] for one in held])
    typical = float(np.median(ratios)) if held else math.nan
    outliers = _find_outliers(ratios)
    points = [
        OrderPoint(
            result=one,
            published_s=published[one.case.model][one.case.resolution],
            deviation=math.exp(ratio - typical),
            outlier=bool(outlier),
        )
        for one, ratio, outlier in zip(held, ratios, outliers, strict=True)
    ]
    return PublishedOrder(
        backend=backend,
        threads=threads,
        points=tuple(sorted(points, key=lambda point: -abs(math.log(point.deviation)))),
        tau=_estimate_tau(points),
        typical_ratio=math.exp(typical),
        left_out=tuple((one, _explain(one, published)) for one in group if one not in held),
    )


def _find_outliers(values: Array) -> NDArray[np.bool_]:
    if not len(values):
        return np.zeros(0, dtype=bool)
    low, high = np.quantile(values, [0.25, 0.75])
    reach = _FENCE * (high - low)
    outside: NDArray[np.bool_] = (values < low - reach) | (values > high + reach)
    return outside


def _estimate_tau(points: Sequence[OrderPoint]) -> Estimate:
    names = [_architecture(point.result.case.model) for point in points]
    if len(set(names)) < MIN_MODELS:
        return Estimate(reason=f"the order of {MIN_MODELS} models or more is compared; got {len(set(names))}")
    measured = np.array([point.result.latency.value for point in points])
    return kendall_estimate(measured, np.array([point.published_s for point in points]), names)


def _explain(one: CaseResult, published: PublishedTimes) -> str:
    sides = sorted(published[one.case.model])
    if not sides:
        return "the table has no such model"
    return f"the table has it at {' and '.join(map(str, sides))} pixels, not at {one.case.resolution}"


def _architecture(model: str) -> str:
    """The name of a model without its weights, on which no time depends."""
    return model.partition(".")[0]
