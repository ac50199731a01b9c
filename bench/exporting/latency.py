"""The latency on a card, from a stored run. No torch here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.exporting.formats import FORMATS
from bench.statistics.model_ratios import read_model_pairs
from bench.statistics.result import summarise_run
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.exporting.setting import ExportSetting
    from bench.records.run import RunInfo
    from bench.statistics.case_result import CaseResult
    from bench.store.store import Store

NOT_MEASURED: dict[str, Any] = {"status": "not measured"}


def describe_latency(store: Store, run: str, setting: ExportSetting) -> dict[str, Any]:
    """What a run measured of the model on the runtime of the artefact, with its conditions, at every side.

    The run timed the network alone: the preparation of pictures inside the artefact is not in its time.

    Raises:
        InputError: There is no such run, or it did not measure the model so.
    """
    info = store.find_run(run)
    measurements = store.measurements(info.id)
    results = summarise_run(measurements, read_model_pairs(info.settings)).cases
    rows = [_describe(one) for one in _find(results, setting)]
    if not rows:
        asked = f"{setting.classifier.model} on {FORMATS[setting.to].backend} in {setting.precision}"
        raise InputError(f"run {info.id} has no latency of {asked}; measure it, or leave out --run")
    return {"status": "measured", "run": info.id, **_describe_machine(info), "rows": rows}


def _find(results: tuple[CaseResult, ...], setting: ExportSetting) -> Iterator[CaseResult]:
    precision = "fp32" if setting.precision == "fp16" else setting.precision
    asked = setting.classifier.model, FORMATS[setting.to].backend, precision
    for one in results:
        case = one.case
        if (case.model, case.backend, case.precision) == asked and one.status == "ok" and one.latency.value > 0:
            yield one


def keep_side(latency: dict[str, Any], side: int) -> dict[str, Any]:
    """What `describe_latency` gave, for pictures of the artefact's side alone.

    Raises:
        InputError: The run measured the model at others.
    """
    if latency["status"] != "measured":
        return latency
    rows = [row for row in latency["rows"] if row["resolution"] == side]
    if not rows:
        others = " and ".join(map(str, sorted({row["resolution"] for row in latency["rows"]})))
        raise InputError(
            f"run {latency['run']} has the latency at {others} pixels, and the artefact takes {side}; "
            f"measure it with --resolutions {side}, or leave out --run"
        )
    return {**latency, "rows": rows}


def _describe(one: CaseResult) -> dict[str, Any]:
    return {
        "latency_s": one.latency.value,
        "latency_low_s": one.latency.low if one.latency.has_interval else None,
        "latency_high_s": one.latency.high if one.latency.has_interval else None,
        "batch": one.case.batch,
        "resolution": one.case.resolution,
        "threads": one.case.threads,
        "backend": one.case.backend,
        "precision": one.case.precision,
        "rounds": one.rounds,
        "status": one.status,
    }


def _describe_machine(info: RunInfo) -> dict[str, Any]:
    cpu = info.environment.get("cpu") or {}
    return {"started_at": info.started_at, "processor": str(cpu.get("model") or "an unknown processor")}
