"""Several workers that a match asks as one."""

from __future__ import annotations

import re
import threading
from dataclasses import replace

import numpy as np
import psutil
import pytest

from bench.records.case import Case
from bench.running.interleaved_group import InterleavedGroup
from bench.statistics.case_result import summarise
from bench.statistics.summary import ratio
from bench.workers.executor import ProcessExecutor, WorkerError
from bench.workers.instances import InstanceGroup, open_case

CASE = Case(model="rexnet_1.0", resolution=64, batch=2, backend="eager", threads=4, scenario="throughput", streams=2)
LOGITS = np.random.default_rng(0).standard_normal((4, 2, 10)).astype(np.float32)


@pytest.fixture
def measure(executor, settings, tmp_path):
    def run(*cases):
        match = InterleavedGroup(cases, settings=settings, executor=executor, scratch=tmp_path)
        return match.run(None, lambda _: None)

    return run


ALONE = replace(CASE, scenario="latency", streams=0)
QUEUE = replace(CASE, backend="openvino")


@pytest.mark.parametrize(
    ("case", "opened"), [(ALONE, [ALONE]), (CASE, [replace(ALONE, threads=2)] * 2), (QUEUE, [QUEUE])]
)
def test_instances_share_the_threads_and_others_are_one_worker_that_has_all(executor, tmp_path, case, opened):
    handle = open_case(executor, case, tmp_path / "a", tmp_path, 1)
    assert [one.case for one in executor.handles] == opened
    assert (handle is executor.handles[0]) == (case is ALONE)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"streams": 0}, "eager has no throughput hint; name its number of instances, such as --streams 4"),
        ({"streams": 3}, "3 instances must have equal shares of the threads, but 4 threads can't be divided equally"),
        ({"device": "cuda"}, "instances share the cores of a CPU; the throughput of eager on cuda is not measured"),
    ],
)
def test_what_instances_cannot_do_is_unsupported_and_starts_nothing(executor, tmp_path, changes, line):
    with pytest.raises(WorkerError, match=line) as caught:
        open_case(executor, replace(CASE, **changes), tmp_path / "a", tmp_path, 1)
    assert caught.value.status == "unsupported"
    assert not executor.handles


def test_an_instance_that_does_not_open_closes_the_others(executor, tmp_path):
    executor.scripts = {"eager": {"fails_at": "open", "fails_in": 1}}
    with pytest.raises(WorkerError, match="died"):
        open_case(executor, CASE, tmp_path / "a", tmp_path, 1)
    assert [handle.closed for handle in executor.handles] == [True]


def test_two_instances_at_full_speed_give_twice_the_images(measure):
    alone, two = measure(ALONE, CASE)
    assert (two.status, two.effective.streams, two.effective.jobs, two.effective.threads) == ("ok", 2, 2, 4)
    assert summarise(two).throughput.value == pytest.approx(2 * summarise(alone).throughput.value, rel=0.02)
    assert ratio(alone, two).estimate.value == pytest.approx(2, rel=0.02)
    assert {round(taken, 9) for turn in two.rounds[0].requests_s for taken in turn} == {0.01}
    assert len(two.rounds[0].requests_s) == len(two.rounds[0].turns_s)


def test_memory_of_instances_adds_up_and_their_switches_too(measure):
    [two] = measure(CASE)
    assert (two.rounds[0].peak_rss_bytes, two.rounds[0].base_rss_bytes) == (600, 200)
    assert two.rounds[0].interference["involuntary_switches"] == 2 * len(two.rounds[0].turns_s)
    assert "phases are those of the first instance" in two.notes[0]


def test_fewer_streams_than_were_asked_for_are_a_mismatch(measure):
    [got] = measure(replace(CASE, backend="openvino", streams=4))
    assert (got.status, got.reason) == ("mismatch", "asked for streams 4, got 1")


@pytest.mark.parametrize("error", [9.0, np.nan])
def test_the_instance_furthest_from_the_reference_is_the_one_that_is_judged(measure, executor, error):
    wrong = LOGITS.copy()
    wrong[0, 0, 0] += np.float32(error)
    calls = iter([LOGITS, wrong] * 10)
    executor.scripts = {"eager": {"next_logits": lambda: next(calls)}}
    [got] = measure(CASE)
    assert (got.status, got.parity.passed) == ("mismatch", False)
    assert "output" in got.reason


def test_a_fast_instance_works_on_until_a_slow_one_has_had_its_requests(measure, executor):
    """Calls longer than a turn, one instance twice as slow: 1 and 1/2.1 batches of two a second."""
    executor.scripts = {"eager": {"median_s": 2.1, "flow": [1.0, 2.1]}}
    [got] = measure(CASE)
    assert got.status == "ok"
    assert all(turn for one in got.rounds for turn in one.turns_s)
    assert summarise(got).throughput.value == pytest.approx(2 * (1 + 1 / 2.1), rel=0.05)


def test_instances_that_were_never_at_work_together_are_no_result(measure, executor):
    executor.scripts = {"eager": {"median_s": 0.01, "flow": [0.01, 5.0]}}
    [got] = measure(CASE)
    assert got.status == "failed"
    assert re.match(r"no window in \d+ turns: all 2 requests were never in flight long enough; ask for", got.reason)


def test_instances_are_ended_at_once_and_all_though_one_fails(tmp_path):
    """Each waits until both are being closed."""
    both, closed = threading.Barrier(2), []

    class Handle:
        def __init__(self, name):
            self.name = name

        def close(self):
            both.wait(timeout=10)
            closed.append(self.name)
            if self.name == "first":
                raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        InstanceGroup([Handle("first"), Handle("second")], tmp_path, lambda: 0.0).close()
    assert sorted(closed) == ["first", "second"]


def test_an_instance_that_fails_ends_the_case_and_all_its_processes(measure, executor):
    executor.scripts = {"eager": {"fails_at": "take_flow"}}
    [got] = measure(CASE)
    assert got.status == "failed"
    assert all(handle.closed for handle in executor.handles)


@pytest.mark.survival
def test_real_instances_end_with_their_case(tmp_path):
    """Nobody is left behind, neither when they are done nor when they hang."""
    task = {"model": "rexnet_0.5", "resolution": 32, "batch": 1, "threads": 1, "seed": 0, "weights": None, "ir": False}
    ProcessExecutor().prepare({**task, "folder": str(tmp_path)}, 120)
    case = replace(CASE, model="rexnet_0.5", resolution=32, batch=1, threads=2)
    handle = open_case(ProcessExecutor(), case, tmp_path, tmp_path, 120)
    mine = [child for child in psutil.Process().children() if "bench.worker" in child.cmdline()]
    built = handle.ask("build", logits_path=str(tmp_path / "logits.npy"))
    handle.ask("warm_up", max_s=1, max_calls=20)
    taken = handle.ask("take_turn", slice_s=0.3, max_calls=10_000)
    handle.close()
    assert [built["effective"][name] for name in ("threads", "streams", "jobs")] == [2, 2, 2]
    assert len(mine) == 2
    assert taken["samples_s"]
    assert len(taken["requests_s"]) >= 2 * len(taken["samples_s"]) - 1
    assert min(*taken["samples_s"], *taken["requests_s"]) > 0
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in mine)


def test_what_one_instance_can_answer_is_asked_of_the_first(tmp_path):
    asked = []

    class Handle:
        def __init__(self, name):
            self.name = name

        def ask(self, do, **arguments):
            asked.append((self.name, do, arguments))
            return {"layers": []} if do == "profile" else {}

    group = InstanceGroup([Handle("a"), Handle("b")], tmp_path, lambda: 0.0)
    assert group.ask("profile") == {"layers": []}
    assert group.ask("infer", folder="f", logits_path="l") == {}
    assert asked == [("a", "profile", {}), ("a", "infer", {"folder": "f", "logits_path": "l"})]
