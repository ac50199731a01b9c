"""The original and its converted forms in one table: accuracy, and its change on the same images."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from analysis.statistics.estimates import Estimate, format_estimate
from reports.estimate_columns import read_estimate
from reports.terminal import render_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HEADS = ("form", "top-1 [%]", "change [points]", "McNemar p", "top-5 [%]", "right: both, original, form", "same top-1")
#: Of the document, what is about the original alone.
_OWN = ("top1_", "top5_")


def list_forms(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for the original, and one for each converted form with what is told of all."""
    yield {**document, "form": "original"}
    shared = {name: value for name, value in document.items() if not name.startswith(_OWN)}
    for row in document.get("converted", ()):
        yield {**shared, "images": None, **row, "form": "converted"}


def render_forms(document: Mapping[str, Any]) -> Iterator[str]:
    """The table, and below it why a form has no numbers, or is not what was asked for; nothing without forms."""
    rows = document.get("converted", ())
    if not rows:
        return
    original = ("original", _share(document, "top1"), "", "", _share(document, "top5"), "", "")
    measured = [row for row in rows if row.get("images")]
    yield from render_rows(_HEADS, [original, *map(_cells, measured)], right={3})
    for row in rows:
        if row["status"] != "ok":
            yield f"{_name(row)}: {row['status']}: {row['reason']}"
    if not measured:
        return
    yield ""
    yield "change         form minus original on the same images, 95 %, Tango's score interval for paired shares"
    yield "McNemar p      exact: how often equals would differ at least so much by chance"
    for words in dict.fromkeys(row["calibration"] for row in rows if row["calibration"] and row.get("images")):
        yield f"calibrated on  {words}"


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['backend']} {row['precision']}"


def _cells(row: Mapping[str, Any]) -> list[str]:
    change = read_estimate(row, "top1_change", "_points")
    hits = (row["both_right"], row["only_original_right"], row["only_converted_right"])
    return [
        _name(row),
        _share(row, "top1"),
        format_estimate(change, signed=True),
        f"{row['top1_mcnemar_p']:.2g}",
        _share(row, "top5"),
        ", ".join(map(str, hits)),
        f"{row['same_top1_percent']:.1f} %",
    ]


def _share(row: Mapping[str, Any], metric: str) -> str:
    estimate: Estimate = read_estimate(row, metric, "_percent")
    if math.isnan(estimate.value):
        return "-"
    return f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"
