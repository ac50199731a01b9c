"""Rows as text for a terminal: frame -> lines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bench.records.case import HINT, REFERENCE_BACKEND, SCENARIOS
from reports.run.interference_badge import DIRTY, SYMBOLS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


def render_cases(frame: pd.DataFrame) -> str:
    """One line a case: median with interval, throughput and speed-up, or what went wrong.

    Args:
        frame: As `reports.run.frames.cases_frame` makes it.
    """
    lines = [f"{'case':46} {'latency [ms], 95 %':>24} {'images/s':>9}  speed-up over eager, 95 %"]
    for row in frame.to_dict("records"):
        name = _name(row)
        if row["status"] == "ok":
            queued = row["scenario"] != SCENARIOS[0]
            alone = (row["backend"] == REFERENCE_BACKEND and not queued) or _is_missing(row["speedup"])
            speedup = "" if alone else render_interval(row, "speedup", "")
            latency = _under_load(row) if queued else render_interval(row, "latency", "_s", 1e3)
            mark = f"  {SYMBOLS[DIRTY]} {DIRTY}" if row["interference"] == DIRTY else ""
            rate = "-" if _is_missing(row["throughput_per_s"]) else f"{row['throughput_per_s']:.1f}"
            lines.append(f"{name:46} {latency:>24} {rate:>9}  {speedup}".rstrip() + mark)
        else:
            lines.append(f"{name:46} {row['status']}: {row['reason']}")
    return "\n".join([*lines, *_explain_marks(frame)])


def _explain_marks(frame: pd.DataFrame) -> list[str]:
    """What `DIRTY` means, with the evidence; cases that were measured side by side share it, and its line."""
    groups: dict[tuple[str, str], list[dict[Any, Any]]] = {}
    for row in frame[frame["interference"] == DIRTY].to_dict("records"):
        cause = str(row["contamination_evidence"]).partition("; ")[0]
        groups.setdefault((_place(row), cause), []).append(row)
    if not groups:
        return []
    lines = [f"{SYMBOLS[DIRTY]} {DIRTY}: the machine was disturbed or slowed, and no clean repetition was had"]
    for (place, cause), rows in groups.items():
        alone = f"  {_name(rows[0])}: {rows[0]['contamination_evidence']}"
        lines.append(alone if len(rows) == 1 else f"  {place}, {len(rows)} cases: {cause}")
    return lines


def render_interval(row: Mapping[Any, Any], stem: str, unit: str, scale: float = 1.0) -> str:
    """A value and its interval, such as ``12.3 [12.1, 12.6]``, with the digits that the interval supports.

    Args:
        row: Holds ``<stem><unit>``, ``<stem>_low<unit>`` and ``<stem>_high<unit>``.
        stem: Such as ``latency``.
        unit: Such as ``_s``.
        scale: What all three are multiplied by.
    """
    value, low, high = (row[f"{stem}{end}{unit}"] * scale for end in ("", "_low", "_high"))
    if _is_missing(value):
        return "-"
    if _is_missing(low) or _is_missing(high):
        return f"{value:.3g} [no interval]"
    digits = max(0, 1 - math.floor(math.log10(max((high - low) / 2, 1e-6))))
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _under_load(row: Mapping[Any, Any]) -> str:
    """Median and 95th percentile of a request's time, such as ``12.3, p95 14.1 loaded``."""
    if _is_missing(row["load_latency_s"]):
        return "-"
    tail = "" if _is_missing(row["load_p95_s"]) else f", p95 {row['load_p95_s'] * 1e3:.3g}"
    return f"{row['load_latency_s'] * 1e3:.3g}{tail} loaded"


def _name(row: Mapping[Any, Any]) -> str:
    extras = [
        row[column]
        for column, usual in (
            ("precision", "fp32"),
            ("memory_format", "contiguous"),
            ("device", "cpu"),
        )
        if row[column] != usual
    ]
    if row["scenario"] != SCENARIOS[0]:
        extras.append(f"streams {row['streams'] or HINT}")
    return " ".join([_place(row), row["backend"], *extras])


def _place(row: Mapping[Any, Any]) -> str:
    return f"{row['model']} {row['resolution']} px batch {row['batch']}"


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
