"""The train command: a folder becomes a checkpoint that evaluate reads, and a report; every end has its exit code."""

import json
import math

import pytest
from small_trainings import write_folder

from analysis.training import loop, run, torchrun

SMALL = "--model mobilenet_v2_0.5 --resolution 32 --epochs 2 --batch-size 8 --threads 1"


@pytest.fixture(autouse=True)
def _data(tmp_path):
    write_folder(tmp_path / "data", train=4, val=2)


def test_a_folder_becomes_a_checkpoint_that_evaluate_reads(call, tmp_path):
    answer = call("train data", SMALL, "--ema-decay 0.5 --json --csv rows.csv --out out")
    assert answer.code == 0, answer.err
    document = answer.document
    assert (document["kind"], document["ended"], document["stopped"]) == ("training", "done", False)
    assert document["classes"] == ["blue", "green", "red"]
    assert document["learning_rate_rule"] == "0.0125 at batch 8, scaled linearly from 0.05 at batch 32"
    assert (document["steps"], document["steps_done"], document["left_out_per_epoch"]) == (2, 2, 4)
    assert [row["epoch"] for row in document["epochs"]] == [1, 2]
    assert all(math.isfinite(row["val_loss"]) for row in document["epochs"])
    assert document["epochs"][0]["val_top5_percent"] is None
    log, rows = (tmp_path / "out/log.csv").read_text(), (tmp_path / "rows.csv").read_text()
    assert log.splitlines()[0] == rows.splitlines()[0]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "best.pth", "csv", "figures", "last.pth", "log.csv", "report.html", "result.json",
    }  # fmt: skip

    best = document["best"]
    words = "--weights out/best.pth --images data/val --resolution 32 --threads 1 --json"
    found = call("evaluate mobilenet_v2_0.5", words).document
    assert found["top1_percent"] == pytest.approx(best["val_top1_percent"])

    again = call("report --run latest --out again")
    assert again.code == 0, again.err
    assert json.loads((tmp_path / "again/result.json").read_text())["best"] == best
    assert "kept in best.pth" in (tmp_path / "again/figures/training_loss.svg").read_text()


def test_a_text_says_how_it_was_trained(call):
    answer = call("train data", SMALL, "--epochs 1 --val-share 0.5 --augmentation none --accumulate 2 --dropout 0")
    assert answer.code == 2
    assert "val-share" not in answer.out
    answer = call("train data/train", SMALL, "--epochs 1 --batch-size 4 --val-share 0.5 --augmentation none --out out")
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    assert lines[0].startswith("mobilenet_v2_0.5 at 32 px, 3 classes, 6 pictures: top-1 ")
    assert "trained        1 of 1 epochs, to the end of the recipe" in lines
    assert "overfitting    against it: augmentation none, label smoothing 0.1, dropout 0.2" in lines
    assert lines[-1] == "report: out/report.html"
    assert call("train data/train", SMALL, "--batch-size 4 --val-share 0.5 --out out").err == (
        "rexbench: out holds a training; give --resume to go on with it, or another --out\n"
    )


def test_a_training_that_is_stopped_says_how_to_go_on(call, monkeypatch):
    before = run.Training.train

    def stopped(opened, progress, *, guard):
        steps = []

        def follow(part, done, total):
            progress(part, done, total)
            steps.append(done)
            if steps == [1]:
                raise KeyboardInterrupt

        return before(opened, follow, guard=guard)

    monkeypatch.setattr(run.Training, "train", stopped)
    answer = call("train data", SMALL, "--batch-size 4 --out out")
    assert answer.code == 1
    assert answer.err.endswith("rexbench: stopped; the same call with --resume goes on from update 1 in out\n")
    monkeypatch.setattr(run.Training, "train", before)
    answer = call("train data", SMALL, "--batch-size 4 --out out --resume --json")
    assert answer.code == 0, answer.err
    assert answer.document["steps_done"] == 6


def test_a_diverging_training_has_exit_code_1_and_a_remedy(call):
    answer = call("train data", SMALL, "--learning-rate 100 --epochs 60 --clip-norm 0 --out out --json")
    assert answer.code == 1
    assert answer.document["ended"] == "diverged"
    assert "a lower --learning-rate" in answer.err


def test_a_training_that_diverges_before_a_checkpoint_begins_anew_in_its_folder(call, monkeypatch):
    def fail(_loop, _passes):
        raise loop.DivergedError("the loss of update 1 is not finite")

    with monkeypatch.context() as patch:
        patch.setattr(loop.Loop, "_update", fail)
        answer = call("train data", SMALL, "--out out --json")
    assert answer.document["last_file"] == ""
    assert answer.err.endswith(
        "is not finite; there is no checkpoint yet, begin anew with a lower --learning-rate, a longer warm-up, or "
        "--clip-norm 1\n"
    )
    assert call("train data", SMALL, "--out out").code == 0


@pytest.mark.parametrize("words", ["--dropout 0.1", "--drop-path 0.1"])
def test_what_acts_on_our_networks_alone_is_refused_for_others(call, words):
    answer = call("train data --model py:collections:OrderedDict", words)
    assert answer.code == 2
    assert f"{words.split()[0]} acts on our networks alone, py:collections:OrderedDict has its own" in answer.err


def test_logs_for_tensorboard(call, tmp_path):
    event_file = pytest.importorskip("tensorboard.backend.event_processing.event_file_loader")
    assert call("train data", SMALL, "--tensorboard --out out").code == 0
    [path] = (tmp_path / "out/tensorboard").iterdir()
    events = list(event_file.EventFileLoader(str(path)).Load())
    tags = {value.tag for event in events for value in event.summary.value}
    assert {"train/loss", "val/loss", "val/top1_percent", "learning_rate"} <= tags


def test_processes_of_torchrun_are_told_apart(monkeypatch):
    assert torchrun.read_place() == torchrun.Place()
    told = {"TORCHELASTIC_RUN_ID": "x", "RANK": "3", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    place = torchrun.read_place()
    assert (place.rank, place.count, place.local, place.neighbours, place.first) == (3, 8, 1, 2, False)
