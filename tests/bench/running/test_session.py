"""A run keeps what it finishes, whatever ends it."""

from __future__ import annotations

import signal
import sqlite3
from dataclasses import replace

import pytest

from bench.machine.signals import stop_on_signals
from bench.planning.plan import Plan
from bench.running.session import Session
from bench.store import store as bench_store
from bench.store.serialization import dump_rounds
from bench.workers.executor import WorkerError
from rexnet_core.errors import InputError, StoreError


class Listener:
    """Remembers what a session reports to its display."""

    def __init__(self):
        self.reports = []

    def begin(self, cases, _expected_s=None):
        self.reports.append(("begin", cases))

    def done(self, measurement):
        self.reports.append(("done", measurement.case.backend))

    def step(self, _case, _phase):
        pass

    def end(self):
        self.reports.append(("end", None))


@pytest.fixture
def plan(cases, settings):
    return Plan(cases=tuple(cases), settings=settings, preset="quick")


def test_a_run_ends_with_all_rows_its_costs_and_its_environment(store, plan, measure_all):
    run = store.find_run(measure_all(plan).run.id)
    assert (run.status, run.planned, run.preset) == ("done", 3, "quick")
    assert run.finished_at >= run.started_at
    assert run.environment["libraries"]["torch"]
    assert [one.case for one in store.measurements(run.id)] == list(plan.cases)
    assert [(cost["model"], cost["resolution"]) for cost in store.costs(run.id)] == [("rexnet_1.0", 64)]


def test_a_match_is_measured_once_whichever_case_asks_first(store, plan, executor):
    with Session(plan, store, executor=executor) as session:
        first = session.measure(plan.cases[2])
        opened = len(executor.handles)
        assert session.measure(plan.cases[2]) is first
        session.measure_all()
    assert len(executor.handles) == opened


def test_ctrl_c_marks_the_run_and_keeps_what_is_finished(store, plan, executor, measure_all):
    executor.scripts = {"compile": {"fails_at": "take_turn", "fails_in": 1, "error": KeyboardInterrupt()}}
    check_that_one_round_is_kept(store, lambda: measure_all(plan))


def test_a_signal_in_the_middle_of_a_save_loses_nothing(store, plan, measure_all, monkeypatch):
    waiting = iter([signal.SIGTERM])

    def dump(measurement):
        for number in waiting:
            signal.raise_signal(number)
        return dump_rounds(measurement)

    monkeypatch.setattr(bench_store, "dump_rounds", dump)
    with stop_on_signals():
        check_that_one_round_is_kept(store, lambda: measure_all(plan))


def check_that_one_round_is_kept(store, measure):
    with pytest.raises(KeyboardInterrupt):
        measure()
    run = store.find_run()
    assert run.status == "interrupted"
    assert [len(one.rounds) for one in store.measurements(run.id)] == [1, 1, 1]


def test_each_round_of_a_match_is_saved_at_once_before_the_next_begins(store, plan, executor, measure_all, monkeypatch):
    saved, save = [], store.save_measurements

    def watch(run, measurements):
        saved.append(len(measurements))
        save(run, measurements)
        rounds = min(len(saved), plan.settings.max_rounds)
        assert [len(one.rounds) for one in store.measurements(run)] == [rounds] * 3
        assert len(executor.handles) == 3 * rounds

    monkeypatch.setattr(store, "save_measurements", watch)
    measure_all(plan)
    assert set(saved) == {len(plan.cases)}
    assert len(saved) >= 3


def test_scratch_files_are_gone_afterwards(store, plan, executor):
    with Session(plan, store, executor=executor) as session:
        session.measure_all()
        scratch = session._scratch
        assert scratch.exists()
    assert not scratch.exists()


def test_progress_hears_of_every_case(plan, measure_all):
    listener = Listener()
    measure_all(plan, progress=listener)
    done = [("done", backend) for backend in ("eager", "compile", "openvino")]
    assert listener.reports == [("begin", 3), *done, ("end", None)]


def test_a_failed_case_does_not_end_the_run(store, plan, executor, measure_all):
    executor.scripts = {"eager": {"fails_at": "build", "error": WorkerError("failed", "out of memory: x")}}
    measure_all(plan)
    assert [one.status for one in store.measurements(store.find_run().id)] == ["failed", "ok", "ok"]
    assert store.find_run().status == "done"


def test_a_store_that_fills_up_ends_the_run_in_one_line_and_keeps_what_it_has(store, plan, measure_all, tmp_path):
    with sqlite3.connect(tmp_path / "results.db") as connection:
        connection.execute("create trigger full before insert on rounds begin select raise(fail, 'disk is full'); end")
    connection.close()
    with pytest.raises(StoreError, match=r"^can't write to the store [^\n]*disk is full[^\n]*$"):
        measure_all(plan)
    assert store.find_run().status == "interrupted"


def test_the_rivals_of_a_run_are_in_its_settings(store, plan, measure_all):
    measure_all(plan)
    assert "rivals" not in store.find_run().settings
    run = measure_all(replace(plan, rivals=(("rexnet_1.0", "mobilenet_v2_1.0"),))).run
    assert store.find_run(run.id).settings["rivals"] == [["rexnet_1.0", "mobilenet_v2_1.0"]]


def test_a_checkpoint_that_cannot_be_read_leaves_no_run(store, plan, measure_all, tmp_path):
    folder = tmp_path / "weights.pth"
    folder.mkdir()
    with pytest.raises(InputError, match=r"the checkpoint must be a file that can be read; .*weights\.pth: Is a dir"):
        measure_all(replace(plan, weights=folder))
    assert store.runs() == []


def test_a_run_that_is_stopped_before_it_is_recorded_has_not_begun(store, plan, executor, monkeypatch):
    def stop():
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.running.session.read_environment", stop)
    session = Session(plan, store, executor=executor)
    with pytest.raises(KeyboardInterrupt), session:
        pass
    assert not session.begun
    assert store.runs() == []
