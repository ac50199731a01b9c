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
from bench.store.store import Store
from bench.workers.executor import WorkerError
from rexnet_core.errors import InputError, StoreError


class Listener:
    """Remembers what a session reports to its display."""

    def __init__(self):
        self.told = []

    def begin(self, cases, _expected_s=None):
        self.told.append(("begin", cases))

    def done(self, measurement):
        self.told.append(("done", measurement.case.backend))

    def step(self, _case, _phase):
        pass

    def end(self):
        self.told.append(("end", None))


@pytest.fixture
def store(tmp_path):
    store = Store(f"sqlite:///{tmp_path}/results.db")
    yield store
    store.close()


@pytest.fixture
def plan(cases, settings):
    return Plan(cases=tuple(cases), settings=settings, preset="quick")


def test_a_run_ends_with_all_rows_its_costs_and_its_environment(store, plan, executor):
    with Session(plan, store, executor=executor) as session:
        session.measure_all()
    run = store.find_run(session.run.id)
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


def test_ctrl_c_marks_the_run_and_keeps_what_is_finished(store, plan, executor):
    executor.scripts = {"compile": {"fails_at": "take_turn", "fails_in": 1, "error": KeyboardInterrupt()}}
    with pytest.raises(KeyboardInterrupt), Session(plan, store, executor=executor) as session:
        session.measure_all()
    run = store.find_run()
    assert run.status == "interrupted"
    assert [len(one.rounds) for one in store.measurements(run.id)] == [1, 1, 1]


def test_a_round_is_in_the_store_before_the_next_begins(store, plan, executor):
    seen = []
    open_worker = executor.open

    def watch(case, *rest):
        if case.backend == "eager" and executor.handles:
            seen.append([len(one.rounds) for one in store.measurements(store.find_run().id)])
        return open_worker(case, *rest)

    executor.open = watch
    with Session(plan, store, executor=executor) as session:
        session.measure_all()
    assert seen[0] == [1, 1, 1]


def test_scratch_files_are_gone_afterwards(store, plan, executor):
    with Session(plan, store, executor=executor) as session:
        session.measure_all()
        scratch = session._scratch
        assert scratch.exists()
    assert not scratch.exists()


def test_progress_hears_of_every_case(store, plan, executor):
    listener = Listener()
    with Session(plan, store, executor=executor, progress=listener) as session:
        session.measure_all()
    assert listener.told == [("begin", 3), ("done", "eager"), ("done", "compile"), ("done", "openvino"), ("end", None)]


def test_a_failed_case_does_not_end_the_run(store, plan, executor):
    executor.scripts = {"eager": {"fails_at": "build", "error": WorkerError("failed", "out of memory: x")}}
    with Session(plan, store, executor=executor) as session:
        rows = session.measure_all()
    assert [one.status for one in rows] == ["failed", "ok", "ok"]
    assert store.find_run().status == "done"


def test_a_store_that_fills_up_ends_the_run_in_one_line_and_keeps_what_it_has(store, plan, executor, tmp_path):
    with (
        pytest.raises(StoreError, match="can't write to the store") as caught,
        Session(plan, store, executor=executor) as session,
    ):
        with sqlite3.connect(tmp_path / "results.db") as connection:
            connection.execute(
                "create trigger full before insert on rounds begin select raise(fail, 'disk is full'); end"
            )
        connection.close()
        session.measure_all()
    assert "disk is full" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert store.find_run().status == "interrupted"


def test_the_rivals_of_a_run_are_in_its_settings(store, plan, executor):
    with Session(plan, store, executor=executor):
        pass
    assert "rivals" not in store.find_run().settings
    with Session(replace(plan, rivals=(("rexnet_1.0", "mobilenet_v2_1.0"),)), store, executor=executor) as session:
        pass
    assert store.find_run(session.run.id).settings["rivals"] == [["rexnet_1.0", "mobilenet_v2_1.0"]]


def test_a_signal_in_the_middle_of_a_save_loses_nothing(store, plan, executor, monkeypatch):
    waiting = iter([signal.SIGTERM])

    def dump(measurement):
        for number in waiting:
            signal.raise_signal(number)
        return dump_rounds(measurement)

    monkeypatch.setattr(bench_store, "dump_rounds", dump)
    with pytest.raises(KeyboardInterrupt), stop_on_signals(), Session(plan, store, executor=executor) as session:
        session.measure_all()
    run = store.find_run()
    assert run.status == "interrupted"
    assert [len(one.rounds) for one in store.measurements(run.id)] == [1, 1, 1]


def test_a_checkpoint_that_cannot_be_read_leaves_no_run(store, plan, executor, tmp_path):
    folder = tmp_path / "weights.pth"
    folder.mkdir()
    with (
        pytest.raises(InputError, match=r"the checkpoint must be a file that can be read; .*weights\.pth: Is a dir"),
        Session(replace(plan, weights=folder), store, executor=executor),
    ):
        pass
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


def test_the_cases_of_a_match_are_saved_together(store, plan, executor, monkeypatch):
    saved, save = [], store.save_measurements

    def watch(run, measurements):
        saved.append(len(measurements))
        save(run, measurements)

    monkeypatch.setattr(store, "save_measurements", watch)
    with Session(plan, store, executor=executor) as session:
        session.measure_all()
    assert set(saved) == {len(plan.cases)}
