"""The knee of throughput over batch sizes, and over streams: rows from rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.records.case import SCENARIOS
from bench.statistics.knee import Point, find_knee

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHARED = ["model", "resolution", "backend", "precision", "memory_format", "threads", "device"]
_THROUGHPUT = ("throughput_per_s", "throughput_low_per_s", "throughput_high_per_s")


def knee_rows(cases: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """One row per model, backend and setting: over batch sizes in the latency scenario, and at each batch over streams.

    What OpenVINO's hint chose is no size of its own and takes no part.

    Args:
        cases: As `reports.run.frames.cases_frame` makes it.
    """
    shown = cases[(cases["status"] == "ok") & cases["throughput_per_s"].notna()]
    alone = shown[shown["scenario"] == SCENARIOS[0]]
    queued = shown[(shown["scenario"] == SCENARIOS[1]) & (shown["streams"] > 0)]
    for key, rows in alone.groupby(_SHARED, sort=False):
        yield _row(dict(zip(_SHARED, key, strict=True)), rows, "batch", "latency_s")
    for key, rows in queued.groupby([*_SHARED, "batch"], sort=False):
        known = dict(zip([*_SHARED, "at_batch"], key, strict=True))
        yield _row(known, rows, "streams", "load_latency_s")


def _row(known: dict[str, Any], rows: pd.DataFrame, over: str, latency: str) -> dict[str, Any]:
    by_size = {int(row[over]): row for row in rows.to_dict("records")}
    found = find_knee([_point(size, row) for size, row in by_size.items()])
    return {
        **known,
        "scenario": rows["scenario"].iloc[0],
        "over": over,
        "sizes": " ".join(map(str, sorted(by_size))),
        "knee": found.size,
        **_speed("knee", by_size.get(found.size or 0), latency),
        "best": found.best,
        **_speed("best", by_size.get(found.best or 0), latency),
        "share": found.share,
        "reason": found.reason,
    }


def _point(size: int, row: dict[Any, Any]) -> Point:
    value, low, high = (float(row[name]) for name in _THROUGHPUT)
    return Point(size=size, throughput=value, low=low, high=high)


def _speed(who: str, row: dict[Any, Any] | None, latency: str) -> dict[str, Any]:
    if row is None:
        return {}
    return {f"{who}_throughput_per_s": row[_THROUGHPUT[0]], f"{who}_latency_s": row[latency]}


def render_knees(knees: pd.DataFrame) -> str:
    """One line for each knee that was found; empty without one.

    Args:
        knees: As `reports.run.frames.knees_frame` makes it.
    """
    return "\n".join(_line(row) for row in knees[knees["knee"].notna()].to_dict("records"))


def _line(row: dict[Any, Any]) -> str:
    extras = [row[name] for name, usual in _USUAL if row[name] != usual]
    what = " ".join([row["model"], f"{row['resolution']} px", row["backend"], *extras])
    at = "" if pd.isna(row["at_batch"]) else f" at batch {row['at_batch']}"
    doubt = f" ({row['reason']})" if row["reason"] else ""
    return (
        f"knee: {what}{at}: {row['over']} {row['knee']} gives {row['share']:.0%} of the best throughput, "
        f"that of {row['over']} {row['best']}{doubt}"
    )


_USUAL = (("precision", "fp32"), ("memory_format", "contiguous"), ("device", "cpu"))
