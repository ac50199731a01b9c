"""Records as tables: one frame per question. SI units, named in the columns; missing is NaN or empty, never 0."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bench.records.case import REFERENCE_BACKEND, SCENARIOS
from bench.records.measurement import PHASES as PHASE_NAMES
from bench.records.measurement import Effective
from bench.statistics.latency_under_load import under_load
from bench.statistics.summary import Summary, break_even, one_off_s, ratio, summarise
from reports.run import columns, interference_badge
from reports.run.knees import knee_rows
from reports.run.latency_under_load import load_columns
from reports.run.model_ratios import rival_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bench.records.measurement import Measurement, Round
    from reports.columns import Table
    from reports.run.data import RunData

_LEDGER = (
    "others_percent", "cpu_pressure_percent", "steal_percent", "throttled_periods", "frequency_drop_percent",
    "involuntary_switches",
)  # fmt: skip


def base_of(run: RunData, measurement: Measurement) -> Measurement | None:
    """The eager measurement, of the same precision, that took its turns beside this one; None without one.

    A backend with several requests in flight is compared, per image, with eager's one call at a time.
    """
    for one in run.measurements:
        if (
            one.case.backend == REFERENCE_BACKEND
            and one.case.memory_format == "contiguous"
            and one.case.match == measurement.case.match
            and one.case.scenario == SCENARIOS[0]
            and one.status == "ok"
        ):
            return one
    return None


def cases_frame(run: RunData) -> pd.DataFrame:
    """One row per case, measured or not; the columns are `columns.CASES`."""
    return _frame((_case_row(run, one) for one in run.measurements), columns.CASES)


def rivals_frame(run: RunData) -> pd.DataFrame:
    """One row per pair of rivals and setting; the columns are `columns.RIVALS`."""
    return _frame(rival_rows(run), columns.RIVALS)


def knees_frame(cases: pd.DataFrame) -> pd.DataFrame:
    """One row per model, backend and setting, from the frame of cases; the columns are `columns.KNEES`."""
    return _frame(knee_rows(cases), columns.KNEES)


def phases_frame(run: RunData) -> pd.DataFrame:
    """One row per case and state of the compile cache, with the break-even against eager."""
    return _frame((row for one in run.measurements for row in _phase_rows(run, one)), columns.PHASES)


def rounds_frame(run: RunData) -> pd.DataFrame:
    """One row per process round: phases, memory, and what else the machine did."""
    return _frame((row for one in run.measurements for row in _round_rows(one)), columns.ROUNDS)


def costs_frame(run: RunData) -> pd.DataFrame:
    """One row per model and resolution."""
    return _frame(run.costs, columns.COSTS)


def layers_frame(run: RunData) -> pd.DataFrame:
    """One row per layer, in order of depth."""
    rows = (
        {**layer, "model": cost["model"], "resolution": cost["resolution"], "index": index, "out_shape": _shape(layer)}
        for cost in run.costs
        for index, layer in enumerate(cost.get("layers", ()))
    )
    return _frame(rows, columns.LAYERS)


def samples_frame(run: RunData) -> pd.DataFrame:
    """One row per timed call."""
    rows = (
        {**measurement.case.as_dict(), "round": r, "turn": t, "sample": s, "time_s": time_s}
        for measurement in run.measurements
        for r, one in enumerate(measurement.rounds)
        for t, turn in enumerate(one.turns_s)
        for s, time_s in enumerate(turn)
    )
    return _frame(rows, columns.SAMPLES)


def all_frames(run: RunData) -> dict[str, pd.DataFrame]:
    """Every table under the name of its CSV file, as in `columns.TABLES`."""
    cases = cases_frame(run)
    return {
        "cases": cases,
        "rivals": rivals_frame(run),
        "knees": knees_frame(cases),
        "phases": phases_frame(run),
        "rounds": rounds_frame(run),
        "costs": costs_frame(run),
        "layers": layers_frame(run),
        "samples": samples_frame(run),
    }


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


def _frame(rows: Iterable[Mapping[str, Any]], table: Table) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=list(table))
    return frame.astype({name: "Int64" for name, column in table.items() if column.kind == "whole"})


def _case_row(run: RunData, measurement: Measurement) -> dict[str, Any]:
    summary = summarise(measurement)
    return {
        **measurement.case.as_dict(),
        "status": measurement.status,
        "reason": measurement.reason,
        **_latency(measurement, summary),
        "throughput_per_s": summary.throughput_per_s,
        "throughput_low_per_s": summary.throughput_low_per_s,
        "throughput_high_per_s": summary.throughput_high_per_s,
        **load_columns(measurement.rounds),
        **_speedup(run, measurement),
        "samples": summary.samples,
        "rounds": summary.rounds,
        "stop_reason": measurement.stop_reason,
        **_interval(measurement, summary),
        "outliers": summary.outliers,
        "spread_between": summary.spread_between,
        "spread_within": summary.spread_within,
        **_parity(measurement),
        **{name: _worst(measurement, name) for name in ("peak_rss_bytes", "base_rss_bytes")},
        **{f"effective_{one.name}": getattr(measurement.effective, one.name) for one in fields(Effective)},
        "steady": all(one.steady for one in measurement.rounds) if measurement.rounds else None,
        **_badge(measurement),
        **{name: _worst_ledger(measurement, name) for name in _LEDGER},
        "notes": " ".join(measurement.notes),
    }


def _latency(measurement: Measurement, summary: Summary) -> dict[str, Any]:
    if measurement.case.scenario == "throughput":
        # A sample there is a window of several requests; its duration is nobody's latency.
        summary = Summary()
    return {
        "latency_s": summary.latency_s,
        "latency_low_s": summary.latency_low_s,
        "latency_high_s": summary.latency_high_s,
        **{f"p{percent}_s": value for percent, value in summary.percentiles_s.items()},
    }


def _interval(measurement: Measurement, summary: Summary) -> dict[str, Any]:
    """How the interval that a row is about came about, or why there is none."""
    if measurement.case.scenario != "throughput":
        return {
            "interval_method": summary.interval_method,
            "interval_reason": summary.reasons.get("latency_interval", ""),
        }
    reasons = {"throughput": summary.reasons.get("throughput_interval", "")}
    if measurement.rounds:
        reasons["under load"] = under_load(measurement).reason
    told = dict.fromkeys(reasons.values())
    # One reason for both is said once.
    words = list(told) if len(told) == 1 else [f"{name}: {reason}" for name, reason in reasons.items() if reason]
    return {"interval_method": summary.throughput_method, "interval_reason": "; ".join(words)}


def _speedup(run: RunData, measurement: Measurement) -> dict[str, Any]:
    base = base_of(run, measurement)
    found = ratio(base, measurement) if base else None
    if found is None:
        return {}
    bounds = (1.0, 1.0) if base is measurement else (found.low, found.high)
    return {
        "speedup": found.speedup,
        "speedup_low": bounds[0],
        "speedup_high": bounds[1],
        "speedup_pairs": found.pairs,
    }


def _parity(measurement: Measurement) -> dict[str, Any]:
    found = measurement.parity
    names = ("cosine", "relative_error", "top1_agreement", "inputs", "passed")
    return {f"parity_{name}": getattr(found, name) for name in names} if found else {}


def _badge(measurement: Measurement) -> dict[str, Any]:
    found = interference_badge.judge(measurement)
    return {
        "interference": found.state,
        "contamination_evidence": found.evidence,
        "dirty_rounds": found.dirty_rounds,
        "repeated_rounds": found.repeated_rounds,
    }


def _worst(measurement: Measurement, name: str) -> float | None:
    return max((value for one in measurement.rounds if (value := getattr(one, name)) is not None), default=None)


def _worst_ledger(measurement: Measurement, name: str) -> float | None:
    values = (one.interference.get(name) for one in measurement.rounds)
    return max((value for value in values if value is not None), default=None)


def _phase_rows(run: RunData, measurement: Measurement) -> Iterator[dict[str, Any]]:
    base = base_of(run, measurement)
    # A round is dirty by what happened while it was sampled, long after its phases, and only the first compiles cold.
    every = (*measurement.repeated, *measurement.rounds)
    for cache in sorted({one.compile_cache or "" for one in every}):
        rounds = [one for one in every if (one.compile_cache or "") == cache]
        row = {
            **measurement.case.as_dict(),
            "status": measurement.status,
            "compile_cache": cache,
            "rounds": len(rounds),
            **{f"{phase}_s": _median_phase(rounds, phase) for phase in PHASE_NAMES},
            "one_off_s": one_off_s(rounds),
        }
        found = break_even(base, measurement, cache or None) if base and base is not measurement else None
        if found:
            row |= {"extra_s": found.extra_s, "saved_per_image_s": found.saved_per_image_s}
            row |= {"break_even_images": found.images, "break_even_reason": found.reason}
        yield row


def _median_phase(rounds: list[Round], phase: str) -> float:
    times = [one.phases_s[phase] for one in rounds if phase in one.phases_s]
    return float(np.median(times)) if times else math.nan


def _round_rows(measurement: Measurement) -> Iterator[dict[str, Any]]:
    for index, one in enumerate((*measurement.rounds, *measurement.repeated)):
        yield {
            **measurement.case.as_dict(),
            "round": index,
            "replaced": index >= len(measurement.rounds),
            "dirty": interference_badge.describe_round(one),
            "compile_cache": one.compile_cache or "",
            **{f"{phase}_s": value for phase, value in one.phases_s.items()},
            "warmup_calls": one.warmup_calls,
            "steady": one.steady,
            "peak_rss_bytes": one.peak_rss_bytes,
            "base_rss_bytes": one.base_rss_bytes,
            **{name: value for name, value in load_columns([one]).items() if name in columns.ROUNDS},
            **one.interference,
        }


def _shape(layer: Mapping[str, Any]) -> str:
    shape = layer.get("out_shape")
    return shape if isinstance(shape, str) else "x".join(str(side) for side in shape or ())
