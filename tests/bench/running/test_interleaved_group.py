"""A group is measured to its end whatever its workers do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.records.case import Case
from bench.records.settings import Settings
from bench.running.interleaved_group import InterleavedGroup
from bench.running.stopping import spent_s
from bench.statistics.summary import ratio
from bench.workers.executor import ProcessExecutor, WorkerError


@pytest.fixture
def saved():
    return []


@pytest.fixture
def settings(settings):
    return replace(settings, max_rounds=settings.min_rounds)


@pytest.fixture
def open_group(executor, settings, cases, tmp_path):
    return lambda cases=cases, settings=settings, **stored: InterleavedGroup(
        cases, settings=settings, executor=executor, scratch=tmp_path, **stored
    )


@pytest.fixture
def play(open_group, saved):
    return lambda left_s=None: {one.case.backend: one for one in open_group().run(left_s, saved.append)}


def test_every_case_gets_its_rounds_which_are_saved_and_whose_turns_pair_across_cases(play, saved, settings):
    measured = play()
    assert {one.status for one in measured.values()} == {"ok"}
    assert {len(one.rounds) for one in measured.values()} == {settings.min_rounds}
    assert len({len(part.turns_s) for one in measured.values() for part in one.rounds}) == 1
    assert measured["eager"].stop_reason == "rounds"
    assert [len(rows[0].rounds) for rows in saved] == list(range(1, settings.min_rounds + 1))


def test_a_warm_up_at_its_cap_is_a_stated_doubt_and_facts_of_a_later_build_are_left_out(play, executor):
    executor.scripts = {"eager": {"steady": False, "effective": {"hat": "red"}}}
    measurement = play()["eager"]
    assert measurement.status == "ok"
    assert "warm-up reached its cap before two windows agreed" in measurement.notes


def test_a_row_of_a_deprecated_backend_says_so(open_group, cases, saved):
    [measurement] = open_group([replace(cases[0], backend="torchscript")]).run(None, saved.append)
    assert any(note.startswith("torchscript is deprecated since torch 2.11") for note in measurement.notes)


def test_the_entry_of_a_checkpoint_is_passed_on_and_the_one_that_was_taken_is_kept(
    open_group, executor, saved, tmp_path
):
    """An entry that is the file's only one is taken unasked, and stored with the case nonetheless."""
    plain = executor.prepare
    for asked, taken in ((None, None), (None, "ema"), ("state_dict", "state_dict")):
        executor.prepare = lambda task, limit_s, taken=taken: plain(task, limit_s) | {"weights_entry": taken}
        measured = open_group(weights=tmp_path / "a.pth", weights_entry=asked).run(None, saved.append)
        assert executor.tasks[-1]["weights_entry"] == asked
        assert {one.effective.details.get("weights_entry") for one in measured} == {taken}


def test_speed_up_is_the_ratio_of_the_scripted_times(play, executor):
    executor.scripts = {"eager": {"median_s": 0.03}, "compile": {"median_s": 0.01}}
    measured = play()
    assert ratio(measured["eager"], measured["compile"]).estimate.value == pytest.approx(3, rel=0.01)


def test_order_of_turns_changes_from_turn_to_turn(play, executor):
    play()
    turns = [case.backend for case, do in executor.asked if do == "take_turn"]
    orders = {tuple(turns[start : start + 3]) for start in range(0, len(turns), 3)}
    assert len(orders) > 1
    assert all(sorted(order) == ["compile", "eager", "openvino"] for order in orders)
    assert executor.handles
    assert all(handle.closed for handle in executor.handles)


def refusal(status):
    return {"fails_at": "open", "error": WorkerError(status, "inductor needs a C++ compiler")}


DEATH = "the worker died: exit code 1"
UNREADABLE = "its answer to 'build' lacks caches, effective; this rexbench can't read"


@pytest.mark.parametrize(
    ("script", "row", "reason"),
    [
        ({"fails_at": "take_turn"}, ("failed", 0), DEATH),
        ({"fails_at": "build", "fails_in": 1}, ("failed", 1), DEATH),
        ({"fails_at": "memory"}, ("failed", 0), DEATH),
        ({"build": {"phases_s": {}}}, ("failed", 0), UNREADABLE),
        (refusal("unavailable"), ("unavailable", 0), "inductor needs"),
        (refusal("unsupported"), ("unsupported", 0), "inductor needs"),
    ],
)
def test_a_worker_that_fails_is_a_row_that_says_so_and_the_others_go_on(play, executor, script, row, reason):
    executor.scripts = {"compile": script}
    measured = play()
    failed = measured.pop("compile")
    assert (failed.status, len(failed.rounds)) == row
    assert failed.reason.startswith(reason)
    assert {(one.status, len(one.rounds)) for one in measured.values()} == {("ok", 3)}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(28, "No space left on device"), "OSError: [Errno 28] No space left on device"),
        (WorkerError("failed", "preparing weights and inputs: boom"), "preparing weights and inputs: boom"),
    ],
)
def test_a_failed_preparation_fails_every_case_with_its_reason(play, executor, error, reason):
    executor.prepare_error = error
    assert {(one.status, one.reason) for one in play().values()} == {("failed", reason)}


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ({"logits": np.zeros((4, 2, 10), np.float32)}, "output differs from eager fp32"),
        ({"effective": {"precision": "bf16"}}, "asked for precision fp32, got bf16"),
        ({"effective": {"threads": 1}}, "asked for threads 2, got 1"),
    ],
)
def test_what_was_not_asked_for_is_a_mismatch_that_still_has_its_times(play, executor, script, reason):
    executor.scripts = {"openvino": script}
    measurement = play()["openvino"]
    assert measurement.status == "mismatch"
    assert reason in measurement.reason
    assert measurement.rounds


def test_first_compile_is_cold_and_later_ones_are_cached(play, executor):
    executor.scripts = {"compile": {"caches": True}}
    measured = play()
    assert [part.compile_cache for part in measured["compile"].rounds] == ["cold", "cached", "cached"]
    assert [part.compile_cache for part in measured["eager"].rounds] == [None] * 3


def test_conversion_in_the_preparing_process_counts_for_openvino_alone(play):
    measured = play()
    assert measured["openvino"].rounds[0].phases_s["convert"] == pytest.approx(3.25)
    assert measured["eager"].rounds[0].phases_s["convert"] == pytest.approx(0.25)


@pytest.mark.parametrize(("drift", "reasons"), [(0.0, {"target"}), (0.2, {"rounds", "plateau"})])
def test_processes_that_agree_reach_the_target_and_others_do_not(open_group, executor, settings, drift, reasons):
    executor.scripts = {"eager": {"drift": drift}}
    longer = replace(settings, max_rounds=9)
    for one in open_group(settings=longer).run(None, lambda _rows: None):
        assert len(one.rounds) > settings.min_rounds
        assert one.stop_reason in reasons


def test_budget_ends_a_group_after_its_first_round(play, executor):
    executor.round_cost_s = 50.0
    measured = play(left_s=100.0)
    assert len(measured["eager"].rounds) == 1
    assert measured["eager"].stop_reason == "budget"


def test_a_cold_compile_is_not_expected_again(play, executor):
    """A round of 23 s of which 20 are a cold compile leaves time for another in 12."""
    executor.scripts = {"compile": {"caches": True, "compile_s": 20.0}}
    executor.round_cost_s = 7.0
    assert len(play(left_s=36.0)["compile"].rounds) == 2


def stop_at(backend, place, round_index=0):
    return {backend: {"fails_at": place, "fails_in": round_index, "error": KeyboardInterrupt()}}


@pytest.mark.parametrize(
    ("scripts", "row"),
    [
        (stop_at("compile", "take_turn", 1), ("ok", 1, "interrupted")),
        (stop_at("openvino", "build"), ("interrupted", 0, "")),
    ],
)
def test_ctrl_c_keeps_the_rounds_that_are_whole_and_ends_the_workers(play, executor, saved, scripts, row):
    executor.scripts = scripts
    with pytest.raises(KeyboardInterrupt):
        play()
    assert all(handle.closed for handle in executor.handles)
    assert [(one.status, len(one.rounds), one.stop_reason) for one in saved[-1]] == [row] * 3


def test_ctrl_c_while_a_worker_is_ended_does_not_spare_the_others(play, executor):
    executor.scripts = stop_at("compile", "close")
    with pytest.raises(KeyboardInterrupt):
        play()
    assert [handle.closed for handle in executor.handles] == [True] * 3


@pytest.fixture
def rivals(cases):
    return [replace(case, model=name) for name in ("rexnet_1.0", "mobilenet_v2_1.0") for case in cases[:2]] + [
        replace(cases[0], model="mobilenet_v2_1.0", resolution=96)
    ]


@pytest.fixture
def meet(open_group, rivals, saved):
    return lambda: {one.case.id: one for one in open_group(rivals).run(None, saved.append)}


def test_each_model_at_its_side_is_prepared_once_in_a_folder_of_its_own(meet, executor):
    meet()
    tasks = [(task["model"], task["resolution"], task["folder"].rpartition("/")[2]) for task in executor.tasks]
    assert tasks == [
        ("rexnet_1.0", 64, "rexnet_1.0-64-b2"),
        ("mobilenet_v2_1.0", 64, "mobilenet_v2_1.0-64-b2"),
        ("mobilenet_v2_1.0", 96, "mobilenet_v2_1.0-96-b2"),
    ]
    assert [handle.assets.name for handle in executor.handles[:5]] == [
        *["rexnet_1.0-64-b2"] * 2,
        *["mobilenet_v2_1.0-64-b2"] * 2,
        "mobilenet_v2_1.0-96-b2",
    ]


def test_rivals_take_turns_with_one_another(meet, executor, rivals):
    measured = meet()
    assert {one.status for one in measured.values()} == {"ok"}
    turns = [case.id for case, do in executor.asked if do == "take_turn"][: 4 * len(rivals)]
    orders = [tuple(turns[start : start + len(rivals)]) for start in range(0, len(turns), len(rivals))]
    assert all(sorted(order) == sorted(case.id for case in rivals) for order in orders)
    assert len(set(orders)) > 1


def test_a_model_that_cannot_be_prepared_leaves_its_rivals_alone(meet, executor):
    executor.prepare_errors = {"mobilenet_v2_1.0": WorkerError("failed", "preparing weights and inputs: boom")}
    rows = {name: (one.status, one.reason) for name, one in meet().items()}
    assert rows["rexnet_1.0-64-b2-eager"] == rows["rexnet_1.0-64-b2-compile"] == ("ok", "")
    assert {rows[name] for name in rows if "mobilenet" in name} == {("failed", "preparing weights and inputs: boom")}


def test_models_of_other_terms_are_no_group(open_group, cases):
    with pytest.raises(AssertionError, match="that can be compared"):
        open_group([cases[0], replace(cases[0], batch=4)])


@pytest.mark.survival
def test_two_models_meet_in_real_processes(tmp_path, saved):
    short = Settings(min_rounds=1, max_rounds=1, round_s=0.05, slice_s=0.01, warm_s=0.2)
    one, two = (
        Case(model=name, resolution=side, batch=1, backend="eager")
        for name, side in (("rexnet_0.5", 32), ("mobilenet_v2_0.5", 48))
    )
    group = InterleavedGroup([one, two], settings=short, executor=ProcessExecutor(), scratch=tmp_path)
    model, rival = group.run(None, saved.append)
    assert [(part.status, part.parity.passed) for part in (model, rival)] == [("ok", True)] * 2
    assert len(model.rounds[0].turns_s) == len(rival.rounds[0].turns_s) > 0
    assert ratio(rival, model).pairs == len(model.rounds[0].turns_s)


def test_a_disturbed_round_is_measured_again_and_kept_apart(play, executor, settings):
    executor.dirty_windows = {1}
    measured = play()
    for one in measured.values():
        assert len(one.rounds) == settings.min_rounds
        assert [part.interference["others_percent"] for part in one.rounds] == [0, 0, 0]
        assert [part.interference["others_percent"] for part in one.repeated] == [25]
    turns = sum(len(part.turns_s) for part in measured["eager"].rounds)
    assert ratio(measured["eager"], measured["compile"]).pairs == turns


def test_rounds_that_are_disturbed_again_stay(play, executor):
    executor.dirty_windows = set(range(20))
    assert {(len(one.rounds), len(one.repeated)) for one in play().values()} == {(4, 0)}


def test_the_cold_compile_of_a_disturbed_round_is_not_forgotten(play, executor):
    executor.scripts = {"compile": {"caches": True}}
    executor.dirty_windows = {0}
    found = play()["compile"]
    assert [part.compile_cache for part in (*found.repeated, *found.rounds)] == ["cold", *["cached"] * 3]


def test_a_case_that_dies_in_the_repetition_keeps_its_disturbed_round(play, executor):
    executor.dirty_windows = {0}
    executor.scripts = {"compile": {"fails_at": "build", "fails_in": 1}}
    measured = play()
    assert [(len(one.rounds), len(one.repeated)) for one in measured.values()] == [(3, 1), (1, 0), (3, 1)]


def test_a_round_that_was_disturbed_before_an_interruption_is_measured_again(
    play, open_group, executor, settings, saved
):
    executor.dirty_windows = {0}
    executor.scripts = stop_at("eager", "build", 1)
    with pytest.raises(KeyboardInterrupt):
        play()
    executor.scripts = {}
    assert [len(one.rounds) for one in saved[-1]] == [1, 1, 1]
    again = open_group(stored=saved[-1])
    assert again.history.suspect
    for one in again.run(None, saved.append):
        assert (len(one.rounds), len(one.repeated)) == (settings.min_rounds, 1)
        assert [part.interference["others_percent"] for part in one.repeated] == [25]


def test_stored_rounds_give_the_time_that_a_round_takes(play, open_group, executor, saved):
    short = [replace(one, rounds=one.rounds[:1], stop_reason="interrupted") for one in play().values()]
    again = open_group(stored=short)
    assert again.history.next_s == pytest.approx(sum(map(spent_s, [one.rounds[0] for one in short])))
    opened = len(executor.handles)
    assert {one.stop_reason for one in again.run(1.0, saved.append)} == {"budget"}
    assert len(executor.handles) == opened
