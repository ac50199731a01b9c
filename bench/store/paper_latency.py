"""Latencies of a stored run in the form in which published ones are compared with them. No torch here."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING

from analysis.published.latency import Interval, Measured
from bench.records.case import REFERENCE_BACKEND
from bench.statistics.model_ratios import read_model_pairs
from bench.statistics.result import summarise_run
from rexnet_core.errors import StoreError
from rexnet_core.registry import model_info, model_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analysis.statistics.estimates import Estimate
    from bench.records.measurement import Measurement
    from bench.records.run import RunInfo
    from bench.store.store import Store

#: The preset whose runs are looked for.
PRESET = "paper-latency"


def find_measured(store: Store, run: str | None = None) -> list[Measured]:
    """What the run named, or else the newest of the preset `PRESET` that can be read, measured; empty without one.

    Only the reference backend counts, PyTorch as published latencies were taken with, at each model's own input side.

    Raises:
        StoreError: The run named is not there, or can't be read.
    """
    if run:
        info = store.find_run(run)
        return list(_read(info, store.measurements(info.id)))
    fitting = (one for one in store.runs() if one.preset == PRESET)
    for info in sorted(fitting, key=lambda one: (one.started_at, one.id), reverse=True):
        with suppress(StoreError):  # a run that nobody named, and that can't be read, is passed over
            return list(_read(info, store.measurements(info.id)))
    return []


def _read(info: RunInfo, measurements: Sequence[Measurement]) -> Iterator[Measured]:
    alike: defaultdict[tuple[str, int, int], list[Measurement]] = defaultdict(list)
    for one in measurements:
        if one.status == "ok" and _is_plain(one):
            alike[one.case.device, one.case.batch, one.case.threads].append(one)
    for (device, batch, threads), measured in alike.items():
        where = f"run {info.id}, {_processor(info)}, {REFERENCE_BACKEND}, batch {batch}"
        result = summarise_run(measured, read_model_pairs(info.settings))
        yield Measured(
            description=f"{where}, {threads} threads" if device == "cpu" else f"{where}, {device}",
            device=device,
            batch=batch,
            latency_s={one.case.model: _interval(one.latency) for one in result.cases if one.latency.has_interval},
            paired={
                (one.other.case.model, one.model.case.model): _interval(one.estimate)
                for one in result.model_ratios
                if one.estimate.has_interval
            },
        )


def _is_plain(one: Measurement) -> bool:
    case = one.case
    return (
        case.backend == REFERENCE_BACKEND
        and (case.precision, case.memory_format, case.scenario) == ("fp32", "contiguous", "latency")
        and case.model in model_names()
        and case.resolution == model_info(case.model).resolution
    )


def _interval(estimate: Estimate) -> Interval:
    return Interval(value=estimate.value, low=estimate.low, high=estimate.high)


def _processor(info: RunInfo) -> str:
    cpu = info.environment.get("cpu") or {}
    return str(cpu.get("model") or cpu.get("name") or "processor not known")
