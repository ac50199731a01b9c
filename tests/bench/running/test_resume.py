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
from bench.records.subject import Subject
from bench.resume_options import read_resumed
from bench.running.resume import RESUMED, find_differences, read_resumption
from bench.running.resume import _digest_code as digest_code
from rexnet_core.errors import InputError

#: Options that say nothing about the plan, and those of models, whose values are no plain names.
_APART = frozenset(
    {
        *("wait", "resume", "force", "store", "config_file", "trust"),
        *("models", "rivals", "model_args", "input_shapes", "in_channels"),
    }
)


@pytest.fixture(autouse=True)
def code(monkeypatch):
    """The code that runs, whatever is being saved into the checkout meanwhile."""
    code = {"commit": "c" * 40, "digest": "d"}
    monkeypatch.setattr("bench.machine.environment._read_git", lambda _file: {"commit": code["commit"], "dirty": False})
    monkeypatch.setattr("bench.running.resume._digest_code", lambda: code["digest"])
    return code


@pytest.fixture
def plan(cases, settings):
    small = [replace(case, batch=1) for case in cases]
    return Plan(cases=(*cases, *small), settings=replace(settings, target=1e-9), preset="quick")


@pytest.fixture
def interrupt(store, executor, measure_all):
    """Measure a plan until a script stops it; the run as it is stored."""

    def run(plan, **scripts):
        executor.scripts = scripts
        with pytest.raises(KeyboardInterrupt):
            measure_all(plan)
        executor.scripts = {}
        return store.find_run()

    return run


@pytest.fixture
def interrupted(interrupt, plan, executor):
    """A run stopped in the third round of its first match."""
    run = interrupt(plan, compile={"fails_at": "take_turn", "fails_in": 2, "error": KeyboardInterrupt(), "caches": 1})
    executor.scripts = {"compile": {"caches": True}}
    return run


def options(**given):
    parser = argparse.ArgumentParser()
    add_options(parser.add_argument)
    add_control(parser.add_argument)
    return argparse.Namespace(**{**vars(parser.parse_args([])), **given})


@pytest.fixture
def read(store):
    return lambda run="latest", **given: read_resumed(options(resume=run, **given), store)


@pytest.fixture
def resume(read, measure_all):
    def go_on(**given):
        resumed = read(**given)
        return measure_all(resumed.plan, resumed=resumed).run

    return go_on


def test_exactly_the_missing_rounds_are_measured_under_the_same_id(store, plan, executor, resume, interrupted):
    before = store.measurements(interrupted.id)
    assert [len(one.rounds) for one in before] == [2, 2, 2]
    executor.handles.clear()
    run = resume()
    after = {one.case: one for one in store.measurements(run.id)}
    assert (run.id, run.status, len(store.runs())) == (interrupted.id, "done", 1)
    assert set(after) == set(plan.cases)
    assert {len(one.rounds) for one in after.values()} == {4}
    assert [after[one.case].rounds[:2] for one in before] == [one.rounds for one in before]
    opened = [handle.case for handle in executor.handles]
    assert [opened.count(case) for case in plan.cases] == [2, 2, 2, 4, 4, 4]
    # Code is compiled anew after an interruption.
    states = [part.compile_cache for part in after[plan.cases[1]].rounds]
    assert states == ["cold", "cached", "cold", "cached"]


def test_a_whole_run_is_not_measured_again(store, executor, resume, interrupted):
    before = store.measurements(resume().id)
    executor.handles.clear()
    again = resume()
    assert executor.handles == []
    assert again.status == "done"
    assert len(again.settings[RESUMED]) == 1
    assert store.measurements(interrupted.id) == before


def test_a_case_that_failed_stays_failed(store, plan, interrupt, resume):
    stop = {"fails_at": "take_turn", "fails_in": 1, "error": KeyboardInterrupt()}
    interrupt(plan, eager={"fails_at": "build"}, compile=stop)
    status = {one.case: one.status for one in store.measurements(resume().id)}
    assert [status[case] for case in plan.cases] == ["failed", "ok", "ok", "ok", "ok", "ok"]


def test_rounds_that_not_all_have_closed_are_taken_again(store, resume, interrupted):
    first, *_ = store.measurements(interrupted.id)
    store.save_measurement(interrupted.id, replace(first, rounds=(*first.rounds, first.rounds[0])))
    resume()
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
        *[
            (
                {
                    name: {"weights": Path("another.pth"), "calibration": "another", "pictures": "another"}.get(
                        name, ("another",)
                    )
                },
                "contradicts run",
            )
            for name in sorted(set(vars(options())) - _APART)
        ],
        ({"model_args": '{"width": 2}'}, "--model-args contradicts run .* planned with none"),
        ({"input_shapes": ["1,3,64,96"]}, "--input-shape contradicts run .* planned with 3x64x64"),
        ({"in_channels": 1}, "--in-channels contradicts run .* planned with 3"),
        ({"rivals": ["rexnet_1.0", "rexnet_1.3"]}, "--rivals contradicts run"),
    ],
)
@pytest.mark.usefixtures("interrupted")
def test_an_option_that_contradicts_the_plan_is_one_line(read, given, line):
    with pytest.raises(InputError, match=line) as caught:
        read(**given)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("interrupted")
def test_options_that_repeat_the_plan_pass(read):
    given = {"models": ["rexnet_1.0"], "batch_sizes": [1, 2], "max_rounds": 4, "preset": "quick", "threads": 2}
    given |= {"input_shapes": ["1,3,64,64"], "in_channels": 3, "trust": True}
    assert not read(**given).whole


def test_other_versions_are_refused_by_name_unless_forced_and_then_recorded(store, read, resume, interrupted):
    environment = interrupted.environment
    libraries = {**environment["libraries"], "torch": "1.0"}
    store.save_run(replace(interrupted, environment={**environment, "libraries": libraries}))
    with pytest.raises(InputError, match=r"began under different conditions \(torch 1\.0, now .*--force"):
        read()
    [again] = store.find_run(resume(force=True).id).settings[RESUMED]
    assert again["differences"][0].startswith("torch 1.0, now ")


def test_each_difference_that_matters_is_named(plan):
    now = read_environment()
    then = {
        "cpu": {"model": "a slide rule"},
        "system": {**now["system"], "python": "3.1", "load_1m": 99},
        "libraries": dict.fromkeys(now["libraries"], "0"),
    }
    told = list(find_differences(then, now, plan, threads=1))
    names = ["processor", "python", "torch", "openvino", "onnxruntime", "numpy", "rexbench", "2"]
    assert [line.split()[0] for line in told] == names
    assert list(find_differences(now, now, plan, threads=2)) == []


def test_a_checkpoint_that_changed_is_gone_or_cannot_be_read_is_refused(store, plan, interrupt, tmp_path, monkeypatch):
    weights = tmp_path / "weights.pth"
    weights.write_text("one")
    planned = replace(plan, weights=weights, weights_entry="ema")
    run = interrupt(planned, eager={"fails_at": "build", "error": KeyboardInterrupt()})

    def read():
        return read_resumption(store, "latest", run.environment, 2)

    assert (read().plan.weights, read().plan.weights_entry) == (weights, "ema")
    assert run.settings["weights_entry"] == "ema"
    weights.write_text("another")
    with pytest.raises(InputError, match="has changed since"):
        read()
    weights.unlink()
    with pytest.raises(InputError, match="which is gone"):
        read()
    weights.mkdir()
    monkeypatch.setattr("os.path.isfile", lambda _path: True)
    with pytest.raises(InputError, match=r"the checkpoint must be a file that can be read; .*: Is a directory"):
        read()


def test_a_run_without_a_plan_is_refused_and_is_not_the_latest(store, read, interrupted):
    store.save_run(replace(interrupted, id="20990101T000000-beef", started_at="2099"))
    with pytest.raises(InputError, match="20990101T000000-beef was stored without a plan"):
        read("beef")
    assert read().run.id == interrupted.id


def test_force_is_about_a_run_that_is_resumed(store):
    assert read_resumed(options(), store) is None
    with pytest.raises(InputError, match="add --resume RUN"):
        read_resumed(options(force=True), store)


@pytest.mark.usefixtures("interrupted")
def test_the_latest_is_an_unfinished_run_where_there_is_one(store, plan, measure_all, read, resume):
    unfinished = store.find_run()
    later = measure_all(replace(plan, cases=plan.cases[:1])).run
    store.save_run(replace(later, started_at="2099"))
    assert read().run.id == unfinished.id
    resume()
    assert read().run.id == later.id


@pytest.mark.usefixtures("interrupted")
def test_another_commit_matters_where_the_code_is_another_and_is_named_then(read, code):
    code["commit"] = "0" * 40
    assert not read().differences
    code["digest"] = "another"
    message = r"different conditions \(the code of rexbench has changed \(commit c{10}, now 0{10}\)\).*--force"
    with pytest.raises(InputError, match=f"began under {message}"):
        read()


@pytest.mark.usefixtures("interrupted")
def test_code_that_was_changed_without_a_commit_is_refused(read, resume, code):
    code["digest"] = "another"
    with pytest.raises(InputError, match=r"\(the code of rexbench has changed\).*--force"):
        read()
    assert resume(force=True).settings[RESUMED][0]["differences"] == ["the code of rexbench has changed"]


@pytest.mark.usefixtures("interrupted")
@pytest.mark.parametrize("data", ["{}", '{"format_version": 1, "cases": [{"of": "another"}], "weights": null}'])
def test_a_plan_that_cannot_be_read_is_one_line(read, tmp_path, data):
    with sqlite3.connect(tmp_path / "results.db") as connection:
        connection.execute("update plans set data = ?", [data])
    connection.close()
    with pytest.raises(InputError, match=r"^run [^\n]* must have a plan that rexbench wrote; [^\n]* start a new run$"):
        read()


def test_after_its_budget_a_run_measures_no_more_and_every_row_gives_the_reason(
    store, plan, executor, measure_all, resume
):
    budgeted = replace(plan, settings=replace(plan.settings, budget_s=30.0, max_rounds=3))
    for kept, reason in ((3, "rounds"), (1, "budget")):
        run = measure_all(budgeted).run
        short = [
            replace(one, rounds=one.rounds[:kept], stop_reason="interrupted") for one in store.measurements(run.id)
        ]
        store.save_measurements(run.id, short)
        store.save_run(replace(run, status="running"))
        executor.handles.clear()
        again = resume()
        assert (executor.handles, again.id, again.status) == ([], run.id, "done")
        assert [(len(one.rounds), one.stop_reason) for one in store.measurements(run.id)] == [(kept, reason)] * 6


def test_the_code_is_its_source_files_by_name_and_content(tmp_path):
    digests = set()
    for name, text in (("a.py", "1"), ("a.py", "2"), ("b.py", "2"), ("b.txt", "3")):
        (tmp_path / "bench").mkdir(exist_ok=True)
        (tmp_path / "bench" / name).write_text(text)
        digests.add(digest_code(tmp_path))
    assert len(digests) == 3


@pytest.fixture
def guests(plan, monkeypatch):
    """A plan with a model of a user's own, and what opening that model gives now."""
    now = {"fingerprint": "sha256:1", "fault": None}

    def describe(questions, *_limits, **_options):
        return [
            Subject(model=one.model, source=one.source, shapes=() if now["fault"] else one.shapes, **now)
            for one in questions
        ]

    monkeypatch.setattr("bench.planning.subjects.describe_models", describe)
    monkeypatch.setattr("bench.running.resume.resolve", lambda asked: ("py", asked.name))
    guest = {"model": "py:own:build", "source": "py", "fingerprint": "sha256:1"}
    return replace(plan, cases=(*plan.cases, *(replace(case, **guest) for case in plan.cases))), now


_STOP = {"compile": {"fails_at": "take_turn", "fails_in": 2, "error": KeyboardInterrupt(), "caches": 1}}


def test_a_users_code_in_a_stored_plan_runs_only_with_trust(interrupt, guests, read):
    interrupt(guests[0], **_STOP)
    with pytest.raises(InputError, match=r"measures py:own:build, which is code, .*; add --trust"):
        read()
    assert [one.model for one in read(trust=True).plan.subjects] == ["py:own:build"]
    with pytest.raises(InputError, match=r"--model-args contradicts run .* planned with none"):
        read(trust=True, model_args='{"width": 2}')


def test_a_model_that_changed_is_a_difference_unless_forced(interrupt, guests, read):
    plan, now = guests
    interrupt(plan, **_STOP)
    now["fingerprint"] = "sha256:2"
    with pytest.raises(InputError, match="py:own:build was sha256:1, now sha256:2"):
        read(trust=True)
    assert read(trust=True, force=True).differences == ("py:own:build was sha256:1, now sha256:2",)
    now |= {"fingerprint": "", "fault": ("failed", "it raised ValueError")}
    with pytest.raises(InputError, match="py:own:build can't be opened now: it raised ValueError"):
        read(trust=True)
