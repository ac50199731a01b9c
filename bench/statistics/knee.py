"""Where more in flight stops paying: the smallest batch, or number of streams, whose throughput is about the best."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from analysis.statistics.estimates import Estimate
    from bench.records.case import Case
    from bench.statistics.case_result import CaseResult

#: How far below the best throughput still counts as about the best.
TOLERANCE = 0.05
#: With two sizes the smaller or the larger is the knee, which every reader sees.
LEAST_SIZES = 3

#: The rule in one sentence, for whoever shows a knee.
RULE = (
    f"the smallest size whose throughput is no more than {TOLERANCE:.0%} below the best, as far as the 95 % intervals "
    "of the two can show"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Knee:
    """The knee of a series.

    Args:
        size: The smallest that is about as good as the best; None without a knee.
        best: Size of the highest throughput; None where nothing was measured.
        share: Throughput at the knee over the best; NaN without a knee.
        reason: Why there is no knee, or what to know about it; empty where nothing needs saying.
    """

    size: int | None
    best: int | None
    share: float = math.nan
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Comparable cases that differ in size alone, in batch or in streams, with their knee."""

    over: str
    by_size: Mapping[int, CaseResult]
    knee: Knee

    @property
    def case(self) -> Case:
        """The first of the cases, for what they share."""
        return next(iter(self.by_size.values())).case


def find_series(cases: Iterable[CaseResult]) -> tuple[Series, ...]:
    """A series per model, backend and setting: over batch sizes in the latency scenario, at each batch over streams.

    A number of streams that the runtime chose by its hint is not a size of its own and takes no part.
    """
    groups: dict[tuple[str, Case], dict[int, CaseResult]] = {}
    for result in cases:
        over, size = ("streams", result.case.streams) if result.queued else ("batch", result.case.batch)
        shared = replace(result.case, streams=0) if result.queued else replace(result.case, batch=0)
        if result.status == "ok" and size and not math.isnan(result.throughput.value):
            groups.setdefault((over, shared), {})[size] = result
    ordered = sorted(groups.items(), key=lambda group: group[0][0])  # batches before streams
    return tuple(
        Series(over=over, by_size=by_size, knee=find_knee({size: each.throughput for size, each in by_size.items()}))
        for (over, _), by_size in ordered
    )


def find_knee(throughputs: Mapping[int, Estimate]) -> Knee:
    """The knee by `RULE`; a throughput without interval is taken as it is."""
    best = max(throughputs, key=lambda size: throughputs[size].value, default=None)
    if best is None or len(throughputs) < LEAST_SIZES:
        reason = f"needs {LEAST_SIZES} sizes, {len(throughputs)} could be compared"
        return Knee(size=None, best=best, reason=reason)
    top = throughputs[best]
    knee = min(size for size, throughput in throughputs.items() if size == best or not _is_below(throughput, top))
    share = throughputs[knee].value / top.value
    return Knee(size=knee, best=best, share=share, reason=_describe_doubt(throughputs[knee], top, share))


def _is_below(throughput: Estimate, best: Estimate) -> bool:
    if not (throughput.has_interval and best.has_interval):
        return throughput.value < (1 - TOLERANCE) * best.value
    return throughput.high < (1 - TOLERANCE) * best.low


def _describe_doubt(knee: Estimate, best: Estimate, share: float) -> str:
    if share < 1 - TOLERANCE:
        return f"{share:.0%} of the best, but the intervals can't tell it from {1 - TOLERANCE:.0%}; measure longer"
    if not (knee.has_interval and best.has_interval):
        return "without intervals: by the medians alone"
    return ""
