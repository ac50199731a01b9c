"""The check as a whole: the document, going on after an interruption, and folders that do not fit."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from analysis.rank.trained import run_trained, training
from analysis.rank.trained.journal import NAME
from rexnet_core.errors import InputError


@pytest.fixture(scope="module")
def whole(tiny, tmp_path_factory):
    """The document of an uninterrupted study, and the file it kept."""
    folder = tmp_path_factory.mktemp("whole")
    return run_trained(tiny, folder=folder).as_dict(), (folder / NAME).read_text()


@pytest.fixture
def trainings(monkeypatch):
    """The networks and seeds that are really trained, as they are."""
    done, original = [], training.train

    def count(network, setting, seed):
        done.append((network.name, seed))
        return original(network, setting, seed)

    monkeypatch.setattr(training, "train", count)
    return done


def test_the_document_is_plain_and_whole(whole, tiny):
    document, _ = whole
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert (document["format_version"], document["kind"], document["stopped_by"]) == (1, "trained", "seeds")
    assert document["stopped"] is False
    assert document["setting"].items() >= tiny.as_dict().items()
    assert {(run["network"], run["seed"]) for run in document["runs"]} == {
        (name, seed) for name in ("baseline", "dr_conv", "dr_block", "silu") for seed in (0, 1)
    }
    assert all(run["status"] == "ok" and run["epochs"] == 2 for run in document["runs"])
    assert [claim["claim"] for claim in document["claims"]] == ["C12", "C17"]


def test_a_summary_is_the_mean_over_seeds_beside_the_printed_value(whole):
    document, _ = whole
    row = document["summary"][0]
    values = [run["accuracy"] for run in document["runs"] if run["network"] == "baseline"]
    assert row["accuracy"] == pytest.approx(sum(values) / 2)
    assert row["seeds"] == 2
    assert (row["printed_accuracy"], row["printed_nuclear_norm"], row["printed_macs"]) == (0.48, 5997.5, 103_000_000)


def test_pairs_are_differences_within_a_seed(whole):
    document, _ = whole
    runs = {(run["network"], run["seed"]): run["nuclear_norm"] for run in document["runs"]}
    pair = next(one for one in document["pairs"] if (one["second"], one["metric"]) == ("dr_conv", "nuclear_norm"))
    differences = [runs["dr_conv", seed] - runs["baseline", seed] for seed in (0, 1)]
    assert pair["difference"] == pytest.approx(sum(differences) / 2)
    assert pair["wins"] == sum(one > 0 for one in differences)
    assert pair["low"] < pair["difference"] < pair["high"]


@pytest.mark.parametrize("kept", [4, 7])
def test_a_study_goes_on_where_it_was_cut_off_with_the_same_result(whole, kept, tiny, tmp_path, trainings):
    document, text = whole
    lines = text.splitlines(keepends=True)
    (tmp_path / NAME).write_text("".join(lines[: 1 + kept]) + lines[1 + kept][:40])
    assert run_trained(tiny, folder=tmp_path).as_dict() == document
    assert len(trainings) == 8 - kept
    assert (tmp_path / NAME).read_text() == text


def test_a_finished_study_trains_nothing(whole, tiny, tmp_path, trainings):
    (tmp_path / NAME).write_text(whole[1])
    assert run_trained(tiny, folder=tmp_path).as_dict() == whole[0]
    assert trainings == []


def test_more_seeds_go_on_from_those_that_are_there(whole, tiny, tmp_path, trainings):
    (tmp_path / NAME).write_text(whole[1])
    run_trained(replace(tiny, seeds=3), folder=tmp_path)
    assert [seed for _, seed in trainings] == [2] * 4


def test_fewer_seeds_use_only_their_own(whole, tiny, tmp_path):
    (tmp_path / NAME).write_text(whole[1])
    assert {run["seed"] for run in run_trained(replace(tiny, seeds=1), folder=tmp_path).payload["runs"]} == {0}


def test_another_setting_in_the_folder_is_refused_by_name(whole, tiny, tmp_path, trainings):
    (tmp_path / NAME).write_text(whole[1])
    with pytest.raises(InputError, match=r"epochs was 2 and is 3, shortcut was partial and is none; give another"):
        run_trained(replace(tiny, epochs=3, shortcut="none"), folder=tmp_path)
    assert trainings == []
    assert (tmp_path / NAME).read_text() == whole[1]


@pytest.mark.parametrize("text", ["what is this\n", "[1]\n", '{"format": 1}\n', "\n"])
def test_a_file_of_something_else_is_refused_and_kept(text, tiny, tmp_path):
    (tmp_path / NAME).write_text(text)
    with pytest.raises(InputError, match="line 1 is not a run; give another folder"):
        run_trained(tiny, folder=tmp_path)
    assert (tmp_path / NAME).read_text() == text


def test_a_broken_line_that_was_not_cut_off_is_refused(whole, tiny, tmp_path):
    lines = whole[1].splitlines(keepends=True)
    (tmp_path / NAME).write_text("".join([*lines[:2], '{"network": "baseline"}\n', *lines[3:]]))
    with pytest.raises(InputError, match="line 3 is not a run"):
        run_trained(tiny, folder=tmp_path)


def test_ctrl_c_keeps_what_is_finished(tiny, tmp_path, monkeypatch):
    done, original = [], training.train

    def stop_at_third(network, setting, seed):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(network.name)
        return original(network, setting, seed)

    monkeypatch.setattr(training, "train", stop_at_third)
    document = run_trained(tiny, folder=tmp_path).as_dict()
    assert (document["stopped_by"], document["stopped"]) == ("interrupted", True)
    assert [run["network"] for run in document["runs"]] == done
    assert len((tmp_path / NAME).read_text().splitlines()) == 3


def test_ctrl_c_before_the_first_run_is_passed_on(tiny, monkeypatch):
    def stop(*_given):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "train", stop)
    with pytest.raises(KeyboardInterrupt):
        run_trained(tiny)


def test_failed_runs_are_counted_and_leave_the_rest(tiny):
    document = run_trained(replace(tiny, seeds=1, learning_rate=1e30)).payload
    assert {run["status"] for run in document["runs"]} == {"failed"}
    assert {(row["seeds"], row["failed"], row["accuracy"]) for row in document["summary"]} == {(0, 1, None)}
    assert {claim["verdict"] for claim in document["claims"]} == {"can't be told"}


def test_progress_counts_from_what_is_there_to_all(whole, tiny, tmp_path):
    (tmp_path / NAME).write_text("".join(whole[1].splitlines(keepends=True)[:7]))
    told = []
    run_trained(tiny, progress=lambda *given: told.append(given), folder=tmp_path)
    assert told == [(6, 8), (7, 8), (8, 8)]
