"""Models against their rivals as rows: the ratio measured here beside the one the paper printed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from analysis.published.conditions import hardware
from bench.statistics.model_ratios import model_ratios, read_model_pairs
from bench.statistics.summary import summarise
from reports.run.paper_latency import divide_printed, read_paper

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from analysis.published import PublishedRow
    from analysis.published.latency import Interval
    from bench.records.measurement import Measurement
    from bench.statistics.model_ratios import ModelRatio
    from bench.statistics.summary import Ratio
    from reports.run.data import RunData
    from reports.run.paper_latency import Key

_SHARED = ("batch", "backend", "precision", "memory_format", "threads", "device")


def rival_rows(run: RunData) -> Iterator[dict[str, Any]]:
    """One row per rival and setting, of a run that has rivals; the columns are `reports.run.columns.RIVALS`."""
    paper = read_paper(run.printed)
    for one in model_ratios(run.measurements, read_model_pairs(run.info.settings)):
        yield {
            **_identity(one),
            **(_ratio(one.found) if one.found else {}),
            "reason": one.reason,
            **_latency("model", one.model),
            **_latency("rival", one.rival),
            # The paper's numbers hold for each network at its own input side.
            **(_printed(one, paper) if one.native else {}),
        }


def _identity(one: ModelRatio) -> dict[str, Any]:
    model, rival = one.model.case, one.rival.case
    return {
        "model": model.model,
        "rival": rival.model,
        "model_resolution": model.resolution,
        "rival_resolution": rival.resolution,
        **{name: getattr(model, name) for name in _SHARED},
    }


def _ratio(found: Ratio) -> dict[str, Any]:
    return {"ratio": found.speedup, "ratio_low": found.low, "ratio_high": found.high, "ratio_pairs": found.pairs}


def _latency(who: str, measurement: Measurement) -> dict[str, Any]:
    if measurement.status != "ok":
        return {}
    summary = summarise(measurement)
    names = ("latency_s", "latency_low_s", "latency_high_s")
    return {f"{who}_{name}": getattr(summary, name) for name in names}


def _printed(one: ModelRatio, paper: Mapping[Key, PublishedRow]) -> dict[str, Any]:
    keys: dict[str, Key] = {
        who: (part.case.model, part.case.device, part.case.batch)
        for who, part in (("model", one.model), ("rival", one.rival))
    }
    row: dict[str, Any] = {
        f"paper_{who}_latency_s": float(paper[key].value) for who, key in keys.items() if key in paper
    }
    printed = divide_printed(paper, keys["rival"], keys["model"])
    if printed is None:
        return row
    return {
        **row,
        "paper_ratio": printed.value,
        "paper_ratio_low": printed.low,
        "paper_ratio_high": printed.high,
        "paper_in_interval": _agrees(one.found, printed),
        "paper_condition": hardware(paper[keys["model"]]),
    }


def _agrees(found: Ratio | None, printed: Interval) -> bool | None:
    """Whether a ratio that is printed so lies in the interval; None where there is no interval."""
    if found is None or math.isnan(found.low):
        return None
    return printed.low <= found.high and found.low <= printed.high
