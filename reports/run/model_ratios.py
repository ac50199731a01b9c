"""Models beside one another as rows: the ratio measured here beside the one the paper printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.published.conditions import hardware
from reports.estimate_columns import estimate_columns
from reports.run.paper_latency import divide_printed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analysis.published import PublishedRow
    from analysis.published.latency import Interval
    from analysis.statistics.estimates import Estimate
    from bench.statistics.model_ratios import ModelRatio
    from reports.run.paper_latency import Key

_SHARED = ("batch", "backend", "precision", "memory_format", "threads", "device")


def ratio_row(ratio: ModelRatio, paper: Mapping[Key, PublishedRow]) -> dict[str, Any]:
    """A pair of models in one setting as a row."""
    return {
        **_identity(ratio),
        **estimate_columns(ratio.estimate, "ratio"),
        "ratio_pairs": ratio.pairs or None,
        "reason": ratio.estimate.reason,
        **(estimate_columns(ratio.model.latency, "model_latency", "_s") if ratio.model.status == "ok" else {}),
        **(estimate_columns(ratio.other.latency, "other_latency", "_s") if ratio.other.status == "ok" else {}),
        # The paper's numbers hold for each network at its own input side.
        **(_printed(ratio, paper) if ratio.native else {}),
    }


def _identity(ratio: ModelRatio) -> dict[str, Any]:
    model, other = ratio.model.case, ratio.other.case
    return {
        "model": model.model,
        "other": other.model,
        "model_resolution": model.resolution,
        "other_resolution": other.resolution,
        **{name: getattr(model, name) for name in _SHARED},
    }


def _printed(ratio: ModelRatio, paper: Mapping[Key, PublishedRow]) -> dict[str, Any]:
    keys: dict[str, Key] = {
        who: (result.case.model, result.case.device, result.case.batch)
        for who, result in (("model", ratio.model), ("other", ratio.other))
    }
    row: dict[str, Any] = {
        f"paper_{who}_latency_s": float(paper[key].value) for who, key in keys.items() if key in paper
    }
    printed = divide_printed(paper, keys["other"], keys["model"])
    if printed is None:
        return row
    return {
        **row,
        "paper_ratio": printed.value,
        "paper_ratio_low": printed.low,
        "paper_ratio_high": printed.high,
        "paper_in_interval": _agrees(ratio.estimate, printed),
        "paper_condition": hardware(paper[keys["model"]]),
    }


def _agrees(ratio: Estimate, printed: Interval) -> bool | None:
    """Whether a ratio that is printed so lies in the interval; None where there is no interval."""
    if not ratio.has_interval:
        return None
    return printed.low <= ratio.high and ratio.low <= printed.high
