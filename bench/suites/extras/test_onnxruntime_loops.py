"""What the harness adds to ONNX Runtime: our worker against a bare loop, and against a loop that calls a session."""

from __future__ import annotations

import gc
import random
import statistics
from typing import TYPE_CHECKING, Any

import pytest

from bench.assets import prepare
from bench.backends.onnx_session import open_session
from bench.backends.onnxruntime import INFO
from bench.machine.environment import read_thread_budget
from bench.records.calibration import CalibrationSet
from bench.records.case import QUANTIZED, Case
from bench.running.turns import take_turns
from bench.suites.support.interleaved_timing import ratio_of_medians, record_ratio, time_loop
from bench.suites.support.reference_tools import hold
from bench.worker import Worker
from bench.workers.shared_files import prepare_task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.extra

TURNS, CALLS = 100, 10


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("assets")
    cases = [make_case(precision) for precision in INFO.precisions]
    prepare(prepare_task(cases, folder, seed=0, calibration=CalibrationSet()))
    return folder


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """A worker in this process changes settings of the process; the next suite finds them as they were."""
    yield
    gc.unfreeze()
    gc.enable()


def make_case(precision: str) -> Case:
    return Case(
        model="rexnet_1.0",
        resolution=224,
        batch=1,
        backend=INFO.name,
        precision=precision,
        threads=read_thread_budget(),
        calibration=CalibrationSet().name if precision == QUANTIZED else "",
    )


@pytest.mark.parametrize("precision", INFO.precisions)
def test_worker_against_loops(precision: str, assets: Path, tmp_path: Path, benchmark: Any) -> None:
    """Targets: a ratio within 1 % of 1 to a bare loop on the same session, within 3 % to a loop on one of its own.

    The other session has the same options, is called by `run` with an array, and gives an array: what
    onnxruntime_perf_test does in C++, and what most people write in Python.
    """
    worker = Worker(make_case(precision), assets)
    worker.build(str(tmp_path / "logits.npy"))
    worker.warm_up(max_s=10, max_calls=200)
    calls: dict[str, Callable[[], float]] = {
        "worker": lambda: statistics.median(worker.take_turn(1e9, CALLS)["samples_s"]),
        "bare": lambda: time_loop(worker.runners, CALLS),
        "plain": _make_plain(worker),
    }
    medians: dict[str, list[float]] = {name: [] for name in calls}

    def measure(name: str, _turn: int) -> None:
        medians[name].append(calls[name]())

    take_turns(range(TURNS), lambda: sorted(calls), measure, random.Random(0))
    benchmark.pedantic(worker.sample, rounds=20)
    benchmark.extra_info.update(precision=precision)
    bare, plain = (ratio_of_medians(medians["worker"], medians[name]) for name in ("bare", "plain"))
    record_ratio(benchmark, "worker_over_bare_loop", bare, f"{INFO.name} {precision}: worker / bare loop")
    record_ratio(benchmark, "worker_over_session_loop", plain, f"{INFO.name} {precision}: worker / loop of session.run")
    hold(plain, 0.03)
    hold(bare, 0.01)


def _make_plain(worker: Worker) -> Callable[[], float]:
    """A loop over another session, on the same inputs."""
    backend: Any = worker.backend
    session = open_session(backend.path, worker.case.threads)
    [name] = [one.name for one in session.get_inputs()]
    [inputs] = worker.inputs
    return lambda: time_loop([lambda images=images: session.run(None, {name: images}) for images in inputs], CALLS)  # type: ignore[misc]
