"""Records as tables: one frame per question. SI units, named in the columns; missing is NaN or empty, never 0."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.published import find_accuracy
from bench.backends import instruction_sets
from bench.records.energy import PACKAGE
from bench.records.measurement import Effective
from bench.statistics.disturbance import describe_round
from bench.statistics.summary import percentile, turns_of
from reports.columns import load_tables
from reports.estimate_columns import estimate_columns
from reports.run.knees import knee_row
from reports.run.model_ratios import ratio_row
from reports.run.paper_latency import read_paper
from reports.run.precision import layer_run_rows, precision_columns
from reports.run.published_order import order_row, time_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from bench.records.measurement import Measurement, Round
    from bench.statistics.case_result import CaseResult
    from reports.run.data import RunData

    Row = Mapping[str, Any]

#: File name without ``.csv`` to its columns in order.
TABLES = load_tables("run")
_COUNTS = ("samples", "rounds", "outliers", "spread_between", "spread_within")
_COUNTERS = (
    "others_percent", "cpu_pressure_percent", "steal_percent", "throttled_periods", "frequency_drop_percent",
    "involuntary_switches",
)  # fmt: skip


def frame_of(run: RunData, name: str) -> pd.DataFrame:
    """A table of a run, by the name of its CSV file."""
    table = TABLES[name]
    frame = pd.DataFrame(list(_ROWS[name](run)), columns=list(table))
    return frame.astype({name: "Int64" for name, column in table.items() if column.kind == "whole"})


def all_frames(run: RunData) -> dict[str, pd.DataFrame]:
    """Every table under the name of its CSV file."""
    return {name: frame_of(run, name) for name in TABLES}


def plain_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as plain Python values, missing as None: what JSON can carry."""
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in frame.astype(object).to_dict(orient="records")
    ]


def _plain(value: Any) -> Any:
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value


def _case_row(result: CaseResult) -> dict[str, Any]:
    measurement, disturbance = result.measurement, result.disturbance
    return {
        **result.case.as_dict(),
        "status": result.status,
        "reason": measurement.reason,
        **estimate_columns(result.latency, "latency", "_s"),
        **{f"p{percent}_s": value for percent, value in result.percentiles_s.items()},
        **estimate_columns(result.throughput, "throughput", "_per_s"),
        **(_load_columns(result) if result.load.requests else {}),
        **_part_columns(result),
        **estimate_columns(result.speedup, "speedup"),
        "speedup_pairs": result.speedup_pairs,
        "speedup_over": result.speedup_over,
        **precision_columns(result),
        **{name: getattr(result, name) for name in _COUNTS},
        "stop_reason": measurement.stop_reason,
        **_interval_columns(result),
        **_parity(measurement),
        **{name: _worst(measurement, name) for name in ("peak_rss_bytes", "base_rss_bytes")},
        **{f"effective_{spec.name}": getattr(measurement.effective, spec.name) for spec in fields(Effective)},
        "weights": measurement.effective.details.get("weights") or "",
        "effective_isa": instruction_sets.describe(measurement.effective.details),
        "processor_isa": measurement.effective.details.get(instruction_sets.PROCESSOR) or "",
        "steady": all(each.steady for each in measurement.rounds) if measurement.rounds else None,
        "interference": disturbance.state,
        "interference_evidence": disturbance.evidence,
        "disturbed_rounds": disturbance.rounds,
        "repeated_rounds": disturbance.repeated,
        **{name: _worst_counter(measurement, name) for name in _COUNTERS},
        "notes": " ".join(measurement.notes),
        **_energy_columns(result),
    }


def _part_columns(result: CaseResult) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for part, estimate in result.parts.items():
        columns |= estimate_columns(estimate, part, "_s")
    told = result.measurement.effective.details
    return {
        **columns,
        **estimate_columns(result.preprocessing, "preprocessing_share"),
        "parts_share": result.parts_share,
        "pictures_shown": told.get("pictures") or "",
        "preprocessing_steps": told.get("steps") or "",
        "decoder": told.get("decoder") or "",
    }


def _load_columns(result: CaseResult) -> dict[str, Any]:
    load = result.load
    latency = estimate_columns(load.latency, "load_latency", "_s")
    return {**latency, "load_p95_s": load.p95_s, "load_requests": load.requests}


def _energy_columns(result: CaseResult) -> dict[str, Any]:
    energy = result.energy
    return {
        **estimate_columns(energy.package, "energy", "_j_per_image"),
        **estimate_columns(energy.dram, "energy_dram", "_j_per_image"),
        "idle_power_w": energy.idle_w,
        "energy_reason": energy.package.reason,
    }


def _interval_columns(result: CaseResult) -> dict[str, str]:
    """The method of the interval of a row, or why the row has no interval."""
    if not result.queued:
        return {"interval_method": result.latency.method, "interval_reason": result.latency.reason}
    reasons = {"throughput": result.throughput.reason, "under load": result.load.latency.reason}
    words = [f"{name}: {reason}" for name, reason in reasons.items() if reason]
    if len(set(reasons.values())) == 1 or not result.rounds:  # a reason that both share is given once
        words = [result.throughput.reason]
    return {"interval_method": result.throughput.method, "interval_reason": "; ".join(words)}


def _parity(measurement: Measurement) -> dict[str, Any]:
    parity = measurement.parity
    names = ("cosine", "relative_error", "top1_agreement", "inputs", "passed", "reference")
    return {f"parity_{name}": getattr(parity, name) for name in names} if parity else {}


def _worst(measurement: Measurement, name: str) -> float | None:
    return max((value for each in measurement.rounds if (value := getattr(each, name)) is not None), default=None)


def _worst_counter(measurement: Measurement, name: str) -> float | None:
    values = (each.interference.get(name) for each in measurement.rounds)
    return max((value for value in values if value is not None), default=None)


def _phase_rows(result: CaseResult) -> Iterator[dict[str, Any]]:
    for start_up in result.start_ups:
        row = {
            **result.case.as_dict(),
            "status": result.status,
            "compile_cache": start_up.compile_cache,
            "rounds": start_up.rounds,
            **{f"{phase}_s": value for phase, value in start_up.phases_s.items()},
            "one_off_s": start_up.one_off_s,
        }
        if (even := start_up.break_even) is not None:
            row |= {"extra_s": even.extra_s, "saved_per_image_s": even.saved_per_image_s}
            row |= {"break_even_images": even.images, "break_even_reason": even.reason}
        yield row


def _round_rows(measurement: Measurement) -> Iterator[dict[str, Any]]:
    for index, each in enumerate((*measurement.rounds, *measurement.repeated)):
        yield {
            **measurement.case.as_dict(),
            "round": index,
            "replaced": index >= len(measurement.rounds),
            "disturbed": describe_round(each),
            "compile_cache": each.compile_cache or "",
            **{f"{phase}_s": value for phase, value in each.phases_s.items()},
            **{f"{part}_s": value for part, value in each.parts_s.items()},
            "warmup_calls": each.warmup_calls,
            "steady": each.steady,
            "peak_rss_bytes": each.peak_rss_bytes,
            "base_rss_bytes": each.base_rss_bytes,
            "idle_power_w": each.energy.idle_w.get(PACKAGE) if each.energy else None,
            **_request_columns(each),
            **each.interference,
        }


def _request_columns(each: Round) -> dict[str, float | None]:
    rounds_s = turns_of([each], "requests_s")
    if not rounds_s:
        return {}
    return {"load_latency_s": float(np.median(np.concatenate(rounds_s[0]))), "load_p95_s": percentile(rounds_s, 95)}


def _shape(layer: Mapping[str, Any]) -> str:
    shape = layer.get("out_shape")
    return shape if isinstance(shape, str) else "x".join(str(side) for side in shape or ())


def _model_pair_rows(run: RunData) -> Iterator[Row]:
    paper = read_paper(run.printed)
    yield from (ratio_row(ratio, paper) for ratio in run.result.model_ratios)


def _layer_rows(run: RunData) -> Iterator[Row]:
    for cost in run.costs:
        shared = {name: cost[name] for name in ("model", "resolution")}
        for index, layer in enumerate(cost.get("layers", ())):
            yield {**layer, **shared, "index": index, "out_shape": _shape(layer)}


def _sample_rows(run: RunData) -> Iterator[Row]:
    for measurement in run.measurements:
        for r, each in enumerate(measurement.rounds):
            for t, turn in enumerate(each.turns_s):
                place = {**measurement.case.as_dict(), "round": r, "turn": t}
                yield from ({**place, "sample": s, "time_s": time_s} for s, time_s in enumerate(turn))


def _accuracy_rows(run: RunData) -> Iterator[Row]:
    """Each model and side of the run with the accuracy that was printed for it, or why there is none."""
    cases = ((one.case.model, one.case.resolution) for one in run.measurements)
    for model, resolution in dict.fromkeys((*cases, *((cost["model"], cost["resolution"]) for cost in run.costs))):
        known = find_accuracy(model, resolution)
        yield {
            "model": model,
            "resolution": resolution,
            **{f"{row.metric}_percent": float(row.value) for row in (known.top1, known.top5) if row is not None},
            "weights": known.weights,
            "conditions": known.top1.conditions if known.top1 else "",
            "source": known.top1.source if known.top1 else "",
            "reason": known.reason,
        }


#: File name without ``.csv`` to what makes its rows.
_ROWS: dict[str, Callable[[RunData], Iterable[Row]]] = {
    "cases": lambda run: map(_case_row, run.result.cases),
    "model_pairs": _model_pair_rows,
    "knees": lambda run: map(knee_row, run.result.series),
    "phases": lambda run: (row for result in run.result.cases for row in _phase_rows(result)),
    "rounds": lambda run: (row for each in run.measurements for row in _round_rows(each)),
    "costs": lambda run: run.costs,
    "accuracies": _accuracy_rows,
    "published_order": lambda run: map(order_row, run.result.orders),
    "published_times": lambda run: (row for order in run.result.orders for row in time_rows(order)),
    "layers": _layer_rows,
    "layer_runs": lambda run: (row for result in run.result.cases for row in layer_run_rows(result)),
    "samples": _sample_rows,
}
