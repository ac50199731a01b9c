"""What the harness adds: our worker against a bare loop on the same object, and against OpenVINO's benchmark_app."""

from __future__ import annotations

import gc
import random
import statistics
import time
from typing import TYPE_CHECKING, Any

import pytest
import torch

from analysis.statistics.estimates import format_estimate
from bench.assets import prepare
from bench.backends.openvino import INFO, ir_name
from bench.machine.environment import read_thread_budget
from bench.planning.presets import PAIR_BACKENDS
from bench.records.case import Case
from bench.running.turns import take_turns
from bench.suites.support.interleaved_timing import median_ratio, ratio_of_medians
from bench.suites.support.reference_tools import hold, read_pairs, run_benchmark_app
from bench.worker import Worker
from bench.workers.executor import ProcessExecutor
from bench.workers.shared_files import prepare_task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.extra

MODEL, RESOLUTION = "rexnet_1.0", 224
BARE_TURNS, CALLS = 60, 10
APP_PAIRS, APP_S, TURN_S = read_pairs(10), 3, 0.5


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("assets")
    prepare(prepare_task([make_case(name) for name in PAIR_BACKENDS], folder, seed=0))
    return folder


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """A worker in this process changes settings of the process; the next suite finds them as they were."""
    yield
    gc.unfreeze()
    gc.enable()
    torch.set_grad_enabled(True)


def make_case(backend: str) -> Case:
    return Case(model=MODEL, resolution=RESOLUTION, batch=1, backend=backend, threads=read_thread_budget())


@pytest.mark.parametrize("backend", PAIR_BACKENDS)
def test_worker_against_a_bare_loop(backend: str, assets: Path, tmp_path: Path, benchmark: Any) -> None:
    """Target: a ratio within 1 % of 1."""
    worker = Worker(make_case(backend), assets)
    worker.build(str(tmp_path / "logits.npy"))
    worker.warm_up(max_s=10, max_calls=200)
    calls: dict[str, Callable[[], float]] = {
        "worker": lambda: statistics.median(worker.take_turn(1e9, CALLS)["samples_s"]),
        "bare": lambda: _bare_loop(worker.runners),
    }
    medians: dict[str, list[float]] = {name: [] for name in calls}

    def measure(name: str, _turn: int) -> None:
        medians[name].append(calls[name]())

    take_turns(range(BARE_TURNS), lambda: sorted(calls), measure, random.Random(0))
    ratio = ratio_of_medians(medians["worker"], medians["bare"])
    benchmark.pedantic(worker.sample, rounds=20)
    benchmark.extra_info.update(backend=backend, worker_over_bare_loop=[ratio.value, ratio.low, ratio.high])
    print(f"\n{backend}: worker / bare loop = {format_estimate(ratio)}", end="")  # noqa: T201
    hold(ratio, 0.01)


def _bare_loop(runners: list[Callable[[], object]]) -> float:
    """Median of `CALLS` calls after one that settles, as short as a loop can be written."""
    runners[0]()
    times = []
    for call in range(CALLS):
        run = runners[call % len(runners)]
        begun = time.perf_counter_ns()
        run()
        times.append(time.perf_counter_ns() - begun)
    return statistics.median(times) * 1e-9


def test_openvino_against_benchmark_app(assets: Path, tmp_path: Path, benchmark: Any) -> None:
    """Target: a ratio within 3 % of 1, at batch 1, synchronous, one stream, f32, the same representation."""
    model = assets / ir_name(1)
    ours: list[float] = []
    theirs: list[float] = []
    for pair in range(APP_PAIRS):
        # The first of a pair finds the machine as the one before left it, so the order alternates.
        if pair % 2:
            theirs.append(_app_median(model, tmp_path))
        ours.append(_worker_median(assets, tmp_path))
        if not pair % 2:
            theirs.append(_app_median(model, tmp_path))
    ratio = median_ratio(ours, theirs)
    benchmark.extra_info.update(
        ours_over_benchmark_app=[ratio.value, ratio.low, ratio.high], ours_s=ours, benchmark_app_s=theirs
    )
    benchmark.pedantic(lambda: None)
    print(f"\nopenvino: ours / benchmark_app = {format_estimate(ratio)} over {APP_PAIRS} alternated pairs", end="")  # noqa: T201
    hold(ratio, 0.03)


def _worker_median(assets: Path, folder: Path) -> float:
    """Median [s] of a fresh worker, over as many slices as benchmark_app runs long."""
    handle = ProcessExecutor().open(make_case(INFO.name), assets, folder, 120)
    try:
        handle.ask("build", logits_path=str(folder / "logits.npy"))
        handle.ask("warm_up", max_s=10, max_calls=200)
        turns = [handle.ask("take_turn", slice_s=TURN_S, max_calls=10_000) for _ in range(round(APP_S / TURN_S))]
    finally:
        handle.close()
    return float(statistics.median(sample for turn in turns for sample in turn["samples_s"]))


def _app_median(model: Path, folder: Path) -> float:
    """Median latency [s] that benchmark_app reports (its default percentile is the 50th), for the same settings."""
    words = ("-api", "sync", "-hint", "none", "-nstreams", "1", "-t", str(APP_S))
    report = run_benchmark_app(model, folder, *words, "-nthreads", str(read_thread_budget()))
    return float(report["execution_results"]["latency (ms)"]) * 1e-3
