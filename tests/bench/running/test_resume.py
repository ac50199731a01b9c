"""An interrupted run is resumed from the store alone, and only as it was planned."""

from __future__ import annotations

import argparse
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from bench.machine.environment import read_environment
from bench.options import add_control, add_options
from bench.planning.plan import Plan
from bench.resume_options import read_resumed
from bench.running.resume import RESUMED, find_differences, read_resumption
from bench.running.resume import _digest_code as digest_code
from bench.running.session import Session
from bench.store.store import Store
from rexnet_core.errors import InputError


@pytest.fixture(autouse=True)
def code(monkeypatch):
    """The code that runs, whatever is being saved into the checkout meanwhile."""
    code = {"commit": "c" * 40, "digest": "d"}
    monkeypatch.setattr("bench.machine.environment._read_git", lambda _file: {"commit": code["commit"], "dirty": False})
    monkeypatch.setattr("bench.running.resume._digest_code", lambda: code["digest"])
    return code


@pytest.fixture
def store(tmp_path):
    store = Store(f"sqlite:///{tmp_path}/results.db")
    yield store
    store.close()


@pytest.fixture
def plan(cases, settings):
    small = [replace(case, batch=1) for case in cases]
    return Plan(cases=(*cases, *small), settings=replace(settings, target=1e-9), preset="quick")


@pytest.fixture
def interrupted(store, plan, executor):
    """A run stopped in the third round of its first match."""
    executor.scripts = {"compile": {"fails_at": "take_turn", "fails_in": 2, "error": KeyboardInterrupt(), "caches": 1}}
    with pytest.raises(KeyboardInterrupt), Session(plan, store, executor=executor) as session:
        session.measure_all()
    executor.scripts = {"compile": {"caches": True}}
    return session.run


def options(**given):
    parser = argparse.ArgumentParser()
    add_options(parser.add_argument)
    add_control(parser.add_argument)
    return argparse.Namespace(**{**vars(parser.parse_args([])), **given})


def go_on(store, executor, **given):
    resumed = read_resumed(options(resume="latest", **given), store)
    with Session(resumed.plan, store, executor=executor, resumed=resumed) as session:
        session.measure_all()
    return session.run


def test_exactly_what_is_missing_is_measured_under_the_same_id(store, plan, executor, interrupted):
    before = store.measurements(interrupted.id)
    assert [len(one.rounds) for one in before] == [2, 2, 2]
    executor.handles.clear()
    run = go_on(store, executor)
    found = store.measurements(run.id)
    assert (run.id, run.status, len(store.runs())) == (interrupted.id, "done", 1)
    assert {one.case for one in found} == set(plan.cases)
    assert {len(one.rounds) for one in found} == {4}
    assert {one.case: one.rounds[:2] for one in found if one.case in plan.cases[:3]} == {
        one.case: one.rounds for one in before
    }
    opened = [handle.case for handle in executor.handles]
    assert [opened.count(case) for case in plan.cases] == [2, 2, 2, 4, 4, 4]


def test_code_is_compiled_anew_after_an_interruption(store, plan, executor, interrupted):
    go_on(store, executor)
    found = {one.case: one for one in store.measurements(interrupted.id)}
    states = [part.compile_cache for part in found[plan.cases[1]].rounds]
    assert states == ["cold", "cached", "cold", "cached"]


def test_a_whole_run_is_not_measured_again(store, executor, interrupted):
    run = go_on(store, executor)
    before = store.measurements(run.id)
    executor.handles.clear()
    again = go_on(store, executor)
    assert executor.handles == []
    assert again.status == "done"
    assert len(again.settings[RESUMED]) == 1
    assert store.measurements(interrupted.id) == before


def test_a_case_that_failed_stays_failed(store, plan, executor):
    executor.scripts = {
        "eager": {"fails_at": "build"},
        "compile": {"fails_at": "take_turn", "fails_in": 1, "error": KeyboardInterrupt()},
    }
    with pytest.raises(KeyboardInterrupt), Session(plan, store, executor=executor) as session:
        session.measure_all()
    executor.scripts = {}
    go_on(store, executor)
    found = {one.case: one for one in store.measurements(session.run.id)}
    assert [found[case].status for case in plan.cases] == ["failed", "ok", "ok", "ok", "ok", "ok"]


def test_rounds_that_not_all_have_closed_are_taken_again(store, executor, interrupted):
    first, *_ = store.measurements(interrupted.id)
    store.save_measurement(interrupted.id, replace(first, rounds=(*first.rounds, first.rounds[0])))
    go_on(store, executor)
    assert {len(one.rounds) for one in store.measurements(interrupted.id)} == {4}


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"models": ["rexnet_1.3"]}, r"--models contradicts run .* planned with rexnet_1\.0; leave it out"),
        ({"batch_sizes": [2]}, "--batch-sizes contradicts run .* planned with 2 1; leave it out"),
        ({"resolutions": ["native"]}, "--resolutions contradicts run .* planned with 64"),
        ({"max_rounds": 9}, "--rounds contradicts run .* planned with 4"),
        ({"budget_s": 5.0}, "--budget contradicts run .* planned with none"),
        ({"preset": "full"}, "--preset contradicts run .* planned with quick"),
        ({"threads": 1}, "--threads contradicts run .* planned with 2"),
    ],
)
@pytest.mark.usefixtures("interrupted")
def test_an_option_that_contradicts_the_plan_is_one_line(store, given, line):
    with pytest.raises(InputError, match=line) as caught:
        read_resumed(options(resume="latest", **given), store)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("interrupted")
def test_options_that_repeat_the_plan_pass(store):
    given = {"models": ["rexnet_1.0"], "batch_sizes": [1, 2], "max_rounds": 4, "preset": "quick", "threads": 2}
    assert not read_resumed(options(resume="latest", **given), store).whole


@pytest.mark.usefixtures("interrupted")
@pytest.mark.parametrize("name", sorted(set(vars(options())) - {"wait", "resume", "force", "store", "config_file"}))
def test_every_option_of_a_run_is_looked_at(store, name):
    another = Path("another.pth") if name == "weights" else ("another",)
    with pytest.raises(InputError, match="contradicts run"):
        read_resumed(options(resume="latest", **{name: another}), store)


def test_other_versions_are_refused_by_name_unless_forced_and_then_recorded(store, executor, interrupted):
    environment = interrupted.environment
    libraries = {**environment["libraries"], "torch": "1.0"}
    store.save_run(replace(interrupted, environment={**environment, "libraries": libraries}))
    with pytest.raises(InputError, match=r"began under different conditions \(torch 1\.0, now .*--force"):
        read_resumed(options(resume="latest"), store)
    run = go_on(store, executor, force=True)
    [again] = store.find_run(run.id).settings[RESUMED]
    assert again["differences"][0].startswith("torch 1.0, now ")


def test_each_difference_that_matters_is_named(plan):
    now = read_environment()
    then = {
        "cpu": {"model": "a slide rule"},
        "system": {**now["system"], "python": "3.1", "load_1m": 99},
        "libraries": dict.fromkeys(now["libraries"], "0"),
    }
    told = list(find_differences(then, now, plan, threads=1))
    names = ["processor", "python", "torch", "openvino", "numpy", "rexbench", "2"]
    assert [line.split()[0] for line in told] == names
    assert list(find_differences(now, now, plan, threads=2)) == []


def test_a_checkpoint_that_changed_or_is_gone_is_refused(store, plan, executor, tmp_path):
    weights = tmp_path / "weights.pth"
    weights.write_text("one")
    executor.scripts = {"eager": {"fails_at": "build", "error": KeyboardInterrupt()}}
    with pytest.raises(KeyboardInterrupt), Session(replace(plan, weights=weights), store, executor=executor) as session:
        session.measure_all()
    assert read_resumption(store, "latest", session.run.environment, 2).plan.weights == weights
    weights.write_text("another")
    with pytest.raises(InputError, match="has changed since"):
        read_resumption(store, "latest", session.run.environment, 2)
    weights.unlink()
    with pytest.raises(InputError, match="which is gone"):
        read_resumption(store, "latest", session.run.environment, 2)


def test_a_run_without_a_plan_is_refused_and_is_not_the_latest(store, interrupted):
    store.save_run(replace(interrupted, id="20990101T000000-beef", started_at="2099"))
    with pytest.raises(InputError, match="20990101T000000-beef was stored without a plan"):
        read_resumed(options(resume="beef"), store)
    assert read_resumed(options(resume="latest"), store).run.id == interrupted.id


def test_force_is_about_a_run_that_is_resumed(store):
    assert read_resumed(options(), store) is None
    with pytest.raises(InputError, match="add --resume RUN"):
        read_resumed(options(force=True), store)


def test_the_latest_is_one_of_which_something_is_missing_where_there_is_such_a_run(store, plan, executor, interrupted):
    executor.scripts = {}
    with Session(replace(plan, cases=plan.cases[:1]), store, executor=executor) as later:
        later.measure_all()
    store.save_run(replace(later.run, started_at="2099"))
    assert read_resumed(options(resume="latest"), store).run.id == interrupted.id
    go_on(store, executor)
    assert read_resumed(options(resume="latest"), store).run.id == later.run.id


@pytest.mark.usefixtures("interrupted")
def test_another_commit_matters_where_the_code_is_another_and_is_named_then(store, code):
    code["commit"] = "0" * 40
    assert not read_resumed(options(resume="latest"), store).differences
    code["digest"] = "another"
    told = r"began under different conditions \(the code of rexbench has changed \(commit c{10}, now 0{10}\)\).*--force"
    with pytest.raises(InputError, match=told):
        read_resumed(options(resume="latest"), store)


@pytest.mark.usefixtures("interrupted")
def test_code_that_was_changed_without_a_commit_is_refused(store, executor, code):
    code["digest"] = "another"
    with pytest.raises(InputError, match=r"\(the code of rexbench has changed\).*--force"):
        read_resumed(options(resume="latest"), store)
    run = go_on(store, executor, force=True)
    assert run.settings[RESUMED][0]["differences"] == ["the code of rexbench has changed"]


@pytest.mark.usefixtures("interrupted")
@pytest.mark.parametrize("data", ["{}", '{"format_version": 1, "cases": [{"of": "another"}], "weights": null}'])
def test_a_plan_that_cannot_be_read_is_one_line(store, tmp_path, data):
    with sqlite3.connect(tmp_path / "results.db") as connection:
        connection.execute("update plans set data = ?", [data])
    connection.close()
    with pytest.raises(InputError, match=r"^run [^\n]* must have a plan that rexbench wrote; [^\n]* start a new run$"):
        read_resumed(options(resume="latest"), store)


def test_a_checkpoint_that_can_no_longer_be_read_is_one_line(store, plan, executor, tmp_path, monkeypatch):
    weights = tmp_path / "weights.pth"
    weights.write_text("one")
    executor.scripts = {"eager": {"fails_at": "build", "error": KeyboardInterrupt()}}
    with pytest.raises(KeyboardInterrupt), Session(replace(plan, weights=weights), store, executor=executor) as session:
        session.measure_all()
    weights.unlink()
    weights.mkdir()
    monkeypatch.setattr("os.path.isfile", lambda _path: True)
    with pytest.raises(InputError, match=r"the checkpoint must be a file that can be read; .*: Is a directory"):
        read_resumption(store, "latest", session.run.environment, 2)


@pytest.mark.parametrize(("kept", "stop"), [(3, "target"), (1, "budget")])
def test_where_a_budget_is_spent_nothing_more_is_measured_and_every_row_says_why(store, plan, executor, kept, stop):
    budgeted = replace(plan, settings=replace(plan.settings, budget_s=30.0, target=0.5))
    with Session(budgeted, store, executor=executor) as session:
        session.measure_all()
    found = store.measurements(session.run.id)
    cut = [replace(one, rounds=one.rounds[:kept], stop_reason="interrupted") for one in found]
    store.save_measurements(session.run.id, cut)
    store.save_run(replace(session.run, status="running"))
    executor.handles.clear()
    again = go_on(store, executor)
    assert (executor.handles, again.status) == ([], "done")
    assert [(len(one.rounds), one.stop_reason) for one in store.measurements(again.id)] == [(kept, stop)] * 6


def test_the_code_is_its_source_files_by_name_and_content(tmp_path):
    found = set()
    for name, text in (("a.py", "1"), ("a.py", "2"), ("b.py", "2"), ("b.txt", "3")):
        (tmp_path / "bench").mkdir(exist_ok=True)
        (tmp_path / "bench" / name).write_text(text)
        found.add(digest_code(tmp_path))
    assert len(found) == 3
