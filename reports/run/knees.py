"""The knees of throughput over batch sizes, and over streams, as rows and lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.statistics.case_result import CaseResult
    from bench.statistics.knee import Series

_SHARED = ("model", "resolution", "backend", "precision", "memory_format", "threads", "device", "scenario")


def knee_row(series: Series) -> dict[str, Any]:
    """A series as a row."""
    knee = series.knee
    return {
        **{name: getattr(series.case, name) for name in _SHARED},
        "at_batch": series.case.batch if series.over == "streams" else None,
        "over": series.over,
        "sizes": " ".join(map(str, sorted(series.by_size))),
        "knee": knee.size,
        **_speed("knee", series.by_size.get(knee.size or 0)),
        "best": knee.best,
        **_speed("best", series.by_size.get(knee.best or 0)),
        "share": knee.share,
        "reason": knee.reason,
    }


def _speed(who: str, result: CaseResult | None) -> dict[str, Any]:
    if result is None:
        return {}
    latency = result.load.latency if result.queued else result.latency
    return {f"{who}_throughput_per_s": result.throughput.value, f"{who}_latency_s": latency.value}


def render_knees(series: Iterable[Series]) -> str:
    """One line for each series that has a knee; empty where none has."""
    return "\n".join(_line(each) for each in series if each.knee.size is not None)


def _line(series: Series) -> str:
    over, knee = series.over, series.knee
    name = series.case.describe("batch" if over == "batch" else "scenario")
    doubt = f" ({knee.reason})" if knee.reason else ""
    return (
        f"knee: {name}: {over} {knee.size} gives {knee.share:.0%} of the best throughput, "
        f"that of {over} {knee.best}{doubt}"
    )
