"""Two builds of one case take turns; two stored runs are compared only where their conditions are alike."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from made_up import make_measurement

from bench.comparison.compare import compare_live, compare_stored, find_differences, find_unshared
from bench.comparison.document import make_document
from bench.records.case import Case
from bench.records.run import RunInfo
from bench.records.settings import Settings
from bench.running.paired_builds import prepare_base, prepare_head
from bench.selftest.detectable_effect import DetectableEffect
from bench.statistics.verdicts import VERDICTS
from bench.workers.executor import WorkerError
from reports.compare import render_compare
from rexnet_core.errors import InputError

CASE = Case(model="rexnet_1.0", resolution=64, batch=2, backend="eager", threads=2)
SETTINGS = Settings(min_rounds=6, max_rounds=6, round_s=0.5, slice_s=0.1)


@pytest.fixture
def executors(executor):
    return executor, type(executor)(random=np.random.default_rng(9))


@pytest.fixture
def play(executors, tmp_path):
    def run(*pairs):
        pairs = pairs or [(CASE, CASE)]
        return list(compare_live(pairs, executors, settings=SETTINGS, scratch=tmp_path))

    return run


def document_of(compared, **changes):
    usual = {"builds": ("a", "b"), "live": True, "margin": None, "detectable": None}
    return make_document(compared, **{**usual, **changes}).as_dict()


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "SAME"), (1.1, "SLOWER"), (0.9, "FASTER")])
def test_the_head_is_judged_by_its_own_workers(play, executors, factor, verdict):
    executors[1].scripts = {"eager": {"median_s": 0.01 * factor}}
    [found] = play()
    row = document_of([found])["rows"][0]
    assert row["verdict"] == verdict
    assert row["change"] == pytest.approx(factor - 1, abs=0.01)
    assert (row["rounds"], row["paired"]) == (6, True)


def test_both_builds_live_at_once_and_take_turns_in_random_order(play, executors):
    order = []
    for label, build in zip("bh", executors, strict=True):
        build.asked = type(
            "Log", (list,), {"append": lambda _self, said, label=label: order.append((label, said[1]))}
        )()
    play()
    turns = [label for label, do in order if do == "take_turn"]
    assert len({tuple(turns[start : start + 2]) for start in range(0, len(turns), 2)}) == 2
    firsts = {order[place][0] for place, (_, do) in enumerate(order) if do == "build"}
    assert firsts == {"b", "h"}


def test_each_build_has_a_folder_of_its_own_and_the_head_takes_over_the_bases_weights(play, executors, tmp_path):
    kept = executors[0].prepare

    def prepare(task, limit_s):
        done = kept(task, limit_s)
        (tmp_path / "0" / "base" / "rexnet_1.0-64-b2" / "weights.safetensors").write_text("weights of the base")
        return done

    executors[0].prepare = prepare
    play()
    assert (tmp_path / "0" / "head" / "rexnet_1.0-64-b2" / "weights.safetensors").read_text() == "weights of the base"


def test_a_base_that_knows_no_entries_of_a_checkpoint_is_refused_one():
    """Such a build would take the weights of its own choice without a word."""
    task = {"weights": "both.pth", "weights_entry": "ema", "folder": "x"}
    earlier = type("Earlier", (), {"prepare": staticmethod(lambda _task, _limit_s: {"exports": {}})})()
    with pytest.raises(InputError, match=r"the base is of a version that can't choose entry 'ema' of a checkpoint"):
        prepare_base(earlier, task, 1.0)
    assert prepare_base(earlier, {**task, "weights_entry": None}, 1.0) == {"exports": {}}
    present = type("Now", (), {"prepare": staticmethod(lambda task, _limit_s: dict(task))})()
    assert prepare_base(present, task, 1.0) == task


@pytest.mark.parametrize(("batch", "shared"), [(1, True), (2, False)])
def test_inputs_are_shared_where_they_are_of_one_batch_size(tmp_path, batch, shared):
    def prepare(task, _limit_s, *, fill, batch):
        np.save(Path(task["folder"]) / "images.npy", np.full((8 // batch, batch, 3), fill))
        np.save(Path(task["folder"]) / "reference.npy", np.full(4, fill))
        return {}

    base, head = tmp_path / "base" / "rexnet_1.0-64-b1", tmp_path / "head" / f"rexnet_1.0-64-b{batch}"
    for folder in (base, head):
        folder.mkdir(parents=True)
    prepare({"folder": str(base)}, 1.0, fill=1, batch=1)
    own = type("Own", (), {"prepare": staticmethod(partial(prepare, fill=2, batch=batch))})()
    prepare_head(own, {"folder": str(head)}, 1.0)
    assert np.load(head / "images.npy").shape == (8 // batch, batch, 3)
    assert {float(np.load(head / name).flat[0]) for name in ("images.npy", "reference.npy")} == {1.0 if shared else 2.0}


def test_a_head_that_computes_another_function_is_not_compared(play, executors):
    executors[1].scripts = {"eager": {"logits": np.zeros((4, 2, 10), np.float32)}}
    [found] = play()
    assert (found.status, found.change) == ("mismatch", None)
    assert found.reason.startswith("head: output differs from eager fp32")
    assert document_of([found])["rows"][0]["verdict"] is None


OTHER = replace(CASE, model="mobilenet_v2_1.0", backend="openvino")


@pytest.mark.parametrize(
    ("side", "failure", "reason"),
    [
        (
            0,
            {"scripts": {"eager": {"fails_at": "build", "error": WorkerError("failed", "no such model")}}},
            "base: no such model",
        ),
        (
            1,
            {"prepare_errors": {"rexnet_1.0": InputError("unknown model 'rexnet_1.0'")}},
            "head: unknown model 'rexnet_1.0'",
        ),
    ],
)
def test_a_build_that_fails_ends_the_case_and_not_the_comparison(play, executors, side, failure, reason):
    vars(executors[side]).update(failure)
    rows = play((CASE, CASE), (OTHER, OTHER))
    assert [(one.status, one.reason) for one in rows] == [("failed", reason), ("ok", "")]
    assert (CASE, "take_turn") not in executors[1].asked


def test_two_settings_of_one_case_are_named_and_compared_by_the_image(play):
    [found] = play((replace(CASE, batch=1), replace(CASE, batch=4, threads=1)))
    row = document_of([found])["rows"][0]
    assert row["changed"] == "batch 1 -> 4, threads 2 -> 1"
    assert row["change"] == pytest.approx(1 / 4 - 1, abs=0.01)


def test_rounds_must_be_fixed_beforehand(executors, tmp_path):
    loose = replace(SETTINGS, max_rounds=8)
    with pytest.raises(AssertionError, match="rounds are fixed"):
        list(compare_live([(CASE, CASE)], executors, settings=loose, scratch=tmp_path))


@pytest.mark.parametrize(
    ("asked", "detectable", "margin"), [(None, 0.01, 0.03), (None, 0.07, 0.07), (0.02, 0.07, 0.02)]
)
def test_the_margin_is_the_detectable_effect_if_larger_unless_it_was_asked_for(play, asked, detectable, margin):
    known = DetectableEffect(run="r", age_s=60.0, by_backend={"eager": detectable})
    assert document_of(play(), margin=asked, detectable=known)["rows"][0]["band"] == margin


def measured(case=CASE, scale=1.0, seed=0, status="ok"):
    random = np.random.default_rng(seed)
    reason = "" if status == "ok" else "it broke"
    return make_measurement(scale * random.normal(1, 0.002, (8, 3, 5)), case, status=status, reason=reason)


def test_stored_runs_are_compared_case_by_case_as_independent_rounds():
    base = [measured(), measured(replace(CASE, batch=9))]
    head = [measured(scale=1.2, seed=1), measured(replace(CASE, backend="compile"))]
    [found] = compare_stored(base, head)
    row = document_of([found], live=False)["rows"][0]
    assert (row["verdict"], row["paired"]) == ("SLOWER", False)
    assert row["change"] == pytest.approx(0.2, abs=0.01)


def test_a_model_that_changed_between_two_runs_is_paired_and_named():
    guest = replace(CASE, model="net.onnx", source="onnx", fingerprint="sha256:1")
    now = replace(guest, fingerprint="sha256:2")
    runs = [measured(guest), measured()], [measured(), measured(now)]
    assert find_unshared(*runs) == ([], [])
    rows = document_of(compare_stored(*runs), live=False)["rows"]
    assert [row["changed"] for row in rows] == ["fingerprint sha256:1 -> sha256:2", ""]
    lost = [make_measurement((), now, status="unsupported", reason="an operator")]
    [row] = compare_stored(runs[0], lost)
    assert (row.status, row.reason) == ("failed", "head is unsupported where base is not: an operator")


def test_a_base_from_before_models_from_elsewhere_says_so_in_one_line(tmp_path):
    class Early:
        def prepare(self, _task, _limit_s):
            raise InputError("unknown model 'py:a:b'; known: rexnet_1.0")

    task = {"weights": None, "source": "py", "folder": str(tmp_path)}
    with pytest.raises(WorkerError, match="of a version that knows models of ours alone"):
        prepare_base(Early(), task, 1.0)


def test_two_rounds_have_a_verdict_and_no_interval():
    sides = [replace(one, rounds=one.rounds[:2]) for one in (measured(), measured(scale=1.5, seed=1))]
    [compared] = compare_stored(*([one] for one in sides))
    study = make_document([compared], builds=("a", "b"), live=False, margin=None, detectable=None)
    [row] = study.payload["rows"]
    assert row["verdict"] in VERDICTS
    assert (row["change_low"], row["change_high"]) == (None, None)
    text = render_compare(study)
    assert "% (no interval)" in text
    assert "No interval: 2 rounds are too few for an interval; use --rounds 3 or more." in text


def test_runs_without_a_common_case_are_refused_with_examples():
    with pytest.raises(InputError, match=r"these share none .*64-b2-eager, rexnet_1\.0-64-b2-compile"):
        compare_stored([measured()], [measured(replace(CASE, backend="compile"))])


def test_ctrl_c_keeps_the_whole_rounds_of_the_case_under_way(executors, tmp_path):
    executors[0].scripts = {"eager": {"fails_at": "open", "fails_in": 3, "error": KeyboardInterrupt()}}
    comparisons = compare_live([(CASE, CASE)], executors, settings=SETTINGS, scratch=tmp_path)
    assert next(comparisons).change.rounds == 3
    with pytest.raises(KeyboardInterrupt):
        next(comparisons)


def test_a_case_that_failed_in_one_run_is_not_judged():
    [found] = compare_stored([measured()], [measured(status="failed")])
    assert (found.status, found.reason) == ("failed", "head: it broke")


def test_unlike_conditions_are_named():
    environment = {
        "cpu": {"model": "EPYC", "logical": 2},
        "limits": {"threads": 2},
        "system": {"os": "Linux-6.1", "python": "3.11.9"},
        "libraries": {"torch": "2.13.0", "rexbench": "0.1.0"},
    }
    base = RunInfo(id="a", started_at="", environment=environment, settings={"weights": "calibrated", "seed": 0})
    changed = {"cpu": {"model": "Xeon", "logical": 2}, "libraries": {"torch": "2.5.0", "rexbench": "0.2.0"}}
    head = replace(base, id="b", environment=environment | changed, settings={"weights": "calibrated", "seed": 1})
    moved = replace(base, settings={"weights": "elsewhere/w.pth", "seed": 0})
    forced = replace(base, settings={**base.settings, "resumed": [{"at": "t", "differences": ["torch 2.13.0, now 3"]}]})
    assert find_differences(base, base) == []
    assert find_differences(base, base, ("aa", "bb")) == ["weights calibrated and calibrated, whose contents differ"]
    assert find_differences(base, moved) == ["weights calibrated and elsewhere/w.pth"]
    assert find_differences(base, moved, ("aa", "aa")) == []
    average = replace(base, settings={**base.settings, "weights_entry": "ema"})
    assert find_differences(base, average, ("aa", "aa")) == ["weights entry not named and ema"]
    assert find_differences(base, forced) == ["run a was resumed under different conditions: torch 2.13.0, now 3"]
    assert find_differences(base, head) == ["processor EPYC and Xeon", "torch 2.13.0 and 2.5.0", "seed 0 and 1"]
