"""A census over made-up models and workers: sides, statuses, and how it goes on after an interruption."""

from dataclasses import replace

import pytest

from bench.census.census import run_census
from bench.census.setting import CensusSetting, find_models
from bench.records.subject import Subject
from bench.store.studies import find_study, record_study
from bench.workers.executor import WorkerError
from rexnet_core.errors import InputError, UnknownNameError

SETTING = CensusSetting(models=("py:a:a", "py:b:b"), backends=("eager", "openvino"), threads=2)
MODELS = {"py:a:a": "py", "py:b:b": "py"}


class Describer:
    """Describes every model at any side; `refusing` have a side of their own, `broken` can't be opened."""

    def __init__(self, *, refusing=(), broken=()):
        self.refusing, self.broken, self.asked = refusing, broken, []

    def __call__(self, questions):
        self.asked.append([(one.model, one.resolution) for one in questions])
        return [self.describe(one) for one in questions]

    def describe(self, question):
        known = {"model": question.model, "source": question.source}
        if question.model in self.broken:
            return Subject(**known, fault=("failed", "the model ended its process"))
        side = question.resolution or 224
        known |= {"shapes": ((3, side, side),), "family": "a"}
        if question.model in self.refusing and side != 224:
            return Subject(**known, uncounted="it takes 224")
        return Subject(**known, cost={"params": 10, "macs": 20})


@pytest.fixture
def take(executor):
    def run(describe=None, models=MODELS, known=None, keep=lambda _study: None, setting=SETTING):
        describe = describe or Describer()
        return run_census(setting, models, executor=executor, keep=keep, known=known, describe=describe)

    return run


def test_each_model_has_a_row_for_each_backend(take):
    study = take()
    rows = study.payload["rows"]
    assert [(row["model"], row["backend"], row["status"]) for row in rows] == [
        (model, backend, "ok") for model in MODELS for backend in ("eager", "openvino")
    ]
    assert not study.stopped
    assert rows[0]["cosine"] == pytest.approx(1)
    assert {row["macs"] for row in rows} == {20}
    assert [row["exported"] for row in rows[:2]] == [None, True]
    assert rows[1]["convert_s"] == 3.0


def test_a_backend_that_is_named_twice_is_checked_once():
    assert CensusSetting(models=("rexnet_1.0",), backends=("eager", "eager")).backends == ("eager",)


def test_no_round_is_timed(take, executor):
    take()
    assert {do for _, do in executor.asked} == {"build"}
    assert all(handle.closed for handle in executor.handles)


def test_a_model_that_refuses_the_small_side_is_checked_at_its_own(take):
    describe = Describer(refusing=("py:b:b",))
    rows = take(describe).payload["rows"]
    assert [(row["resolution"], row["refused"]) for row in rows[::2]] == [(64, ""), (224, "at 64 px: it takes 224")]
    assert describe.asked == [[("py:a:a", 64), ("py:b:b", 64)], [("py:b:b", None)]]


def test_a_model_that_fails_at_the_small_side_alone_is_checked_at_its_own(take, executor, monkeypatch):
    def prepare(task, limit_s):
        if task["resolution"] == 64:
            raise WorkerError("failed", "kernel larger than the input")
        return type(executor).prepare(executor, task, limit_s)

    monkeypatch.setattr(executor, "prepare", prepare)
    rows = take().payload["rows"]
    assert {(row["status"], row["resolution"]) for row in rows} == {("ok", 224)}
    assert rows[0]["refused"] == "at 64 px: kernel larger than the input"


def test_a_model_that_fails_at_both_sides_keeps_the_reason_of_the_small_one(take, executor):
    executor.prepare_errors = {"py:a:a": WorkerError("failed", "it is broken")}
    rows = take().payload["rows"]
    assert [(row["status"], row["reason"], row["resolution"]) for row in rows[:2]] == [
        ("failed", "it is broken", 64)
    ] * 2
    assert {row["status"] for row in rows[2:]} == {"ok"}


def test_a_worker_that_dies_costs_its_backend_alone(take, executor):
    executor.scripts = {"openvino": {"fails_at": "build"}}
    rows = take().payload["rows"]
    assert [row["status"] for row in rows[:2]] == ["ok", "failed"]
    assert rows[1]["reason"] == "the worker died: exit code 1"


def test_a_model_that_can_not_be_opened_has_rows_that_say_so(take, executor):
    describe = Describer(broken=("py:a:a",))
    rows = take(describe).payload["rows"]
    assert len(describe.asked) == 1
    assert [(row["status"], row["reason"]) for row in rows[:2]] == [("failed", "the model ended its process")] * 2
    assert {task["model"] for task in executor.tasks} == {"py:b:b"}


def test_a_graph_is_unsupported_where_the_backend_takes_modules(take):
    rows = take(models={"x.onnx": "onnx"}).payload["rows"]
    assert [row["status"] for row in rows] == ["unsupported", "ok"]
    assert rows[0]["reason"] == "eager takes modules of torch, not FILE.onnx"


def test_what_is_done_is_kept_and_continued(take, executor):
    kept = []

    def stop(study):
        kept.append(study)
        raise KeyboardInterrupt

    study = take(keep=stop)
    assert study.stopped
    assert study.payload["checked"] == 1
    whole = take(known=kept[-1])
    assert not whole.stopped
    assert [row["model"] for row in whole.payload["rows"]] == ["py:a:a"] * 2 + ["py:b:b"] * 2
    assert [task["model"] for task in executor.tasks] == ["py:a:a", "py:b:b"]


def test_a_census_of_the_same_settings_is_found_again(take, store):
    with record_study(store, "census", SETTING.as_dict()) as record:
        take(keep=record.keep)
    found = find_study(store, "census", SETTING.as_dict())
    assert found is not None
    assert found.run.id == record.run.id
    assert find_study(store, "census", replace(SETTING, resolution=96).as_dict()) is None
    with record_study(store, "census", SETTING.as_dict(), found) as again:
        assert again.study.payload["checked"] == 2
    assert [run.status for run in store.runs()] == ["done"]


def test_some_models_are_taken_at_even_distances(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "made.py").write_text("")
    names = tuple(f"py:made:m{number}" for number in range(10))
    assert list(find_models(CensusSetting(models=names, count=3))) == [names[0], names[3], names[6]]


@pytest.mark.parametrize(
    ("values", "kind", "words"),
    [
        ({}, InputError, "a census needs names of models or --source, not both; got neither"),
        ({"models": ("rexnet_1.0",), "source": "timm"}, InputError, "got both"),
        ({"models": ("rexnet_1.0",), "filter": ("a*",)}, InputError, "--filter chooses among the models of a --source"),
        ({"source": "tim"}, UnknownNameError, "timm"),
        ({"source": "timm", "count": 0}, InputError, "--count must be a whole number from 1"),
        ({"source": "timm", "backends": ("eagr",)}, UnknownNameError, "eager"),
    ],
)
def test_wrong_settings_are_refused(values, kind, words):
    with pytest.raises(kind, match=words):
        CensusSetting(**values)
