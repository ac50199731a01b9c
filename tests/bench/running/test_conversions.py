"""Converted forms answer for any number of images, and one that fails has its row while the others go on."""

import argparse
import json
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from analysis.classifiers.setting import ClassifierSetting
from bench.planning.conversions import read_conversions
from bench.preparing.task import read_task
from bench.records.files import IMAGES, REFERENCE
from bench.running.conversions import open_conversions
from bench.workers.executor import WorkerError
from rexnet_core.errors import InputError, UnknownNameError
from rexnet_core.preprocess import Preprocessing

STEPS = Preprocessing(crop_ratio=0.9, interpolation="bilinear", channel_order="bgr")
THREE = SimpleNamespace(classes=3, resolution=32, preprocessing=STEPS)
IMAGES_OF_FIVE = np.random.default_rng(0).standard_normal((5, 3, 32, 32)).astype(np.float32)


def compute(values):
    """Three logits: the means of the colours."""
    return values.mean((3, 4))


@dataclass
class Handle:
    """A worker that gives the means of the colours; at a question that is its fault, it dies."""

    case: Any
    assets: Path
    fault: str = ""
    asked: list[str] = field(default_factory=list)
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    renewed: int = 0
    closed: bool = False

    def ask(self, do, /, *, logits_path, folder=None):
        self.asked.append(do)
        if do == self.fault:
            raise WorkerError("failed", "the worker died: exit code 1")
        values = np.load(Path(folder or self.assets) / IMAGES)
        self.shapes.append(values.shape)
        np.save(logits_path, compute(values))
        effective = {"precision": self.case.precision, "threads": self.case.threads}
        return {"phases_s": {}, "effective": effective, "caches": False} if do == "build" else {}

    def renew(self):
        self.renewed += 1

    def close(self):
        self.closed = True


@dataclass
class Processes:
    """Prepares two images, and opens `Handle`s whose faults are by backend and precision."""

    faults: dict[tuple[str, str], str] = field(default_factory=dict)
    handles: list[Handle] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)

    def prepare(self, task, limit_s):
        assert limit_s > 0
        self.tasks.append(task)
        values = IMAGES_OF_FIVE[:2].reshape(-1, task["batch"], 3, 32, 32)
        np.save(Path(task["folder"]) / IMAGES, values)
        np.save(Path(task["folder"]) / REFERENCE, compute(values))
        return {"calibration": "64 generated images"}

    def open(self, case, assets, scratch, limit_s):
        assert scratch.is_dir()
        assert limit_s > 0
        self.handles.append(Handle(case, assets, self.faults.get((case.backend, case.precision), "")))
        return self.handles[-1]


def read(backends=None, precisions=None, calibration=None, batch_size=None):
    return read_conversions(
        argparse.Namespace(backends=backends, precisions=precisions, calibration=calibration, batch_size=batch_size)
    )


@pytest.fixture
def setting():
    return ClassifierSetting(model="rexnet_0.5", resolution=32, threads=1)


@pytest.mark.parametrize(("batch", "shape"), [(1, (5, 1, 3, 32, 32)), (2, (3, 2, 3, 32, 32))])
def test_the_last_batch_is_filled_up_and_what_that_gives_is_left_out(setting, batch, shape):
    processes = Processes()
    chosen = read(["eager", "openvino"], batch_size=batch)
    with open_conversions(chosen, setting, THREE, executor=processes) as forms:
        for form in forms:
            logits = form.classify(IMAGES_OF_FIVE)
            assert np.allclose(logits, IMAGES_OF_FIVE.mean((2, 3)))
            assert form.describe()["status"] == "ok"
    assert [handle.shapes[-1] for handle in processes.handles] == [shape] * 2
    assert [(handle.renewed, handle.closed) for handle in processes.handles] == [(1, True)] * 2
    [task] = processes.tasks
    assert (task["exports"], task["batch"]) == (["openvino"], batch)
    assert read_task(json.loads(json.dumps(task))).steps == STEPS
    assert read_task({name: value for name, value in task.items() if name != "steps"}).steps is None


def test_a_form_of_another_number_of_classes_has_failed(setting):
    with open_conversions(
        read(["eager"]), setting, SimpleNamespace(classes=4, resolution=32, preprocessing=STEPS), executor=Processes()
    ) as [form]:
        assert form.classify(IMAGES_OF_FIVE) is None
        assert "logits must be of shape (5, 1, 4), got (5, 1, 3)" in form.describe()["reason"]


def test_a_form_that_fails_has_its_row_and_the_others_go_on(setting):
    processes = Processes({("openvino", "fp32"): "infer", ("openvino", "int8"): "build"})
    chosen = read(["eager", "openvino"], ["fp32", "int8"])
    with open_conversions(chosen, setting, THREE, executor=processes) as forms:
        answers = [form.classify(IMAGES_OF_FIVE) for form in forms]
        again = [form.classify(IMAGES_OF_FIVE) is None for form in forms]
        rows = [form.describe() for form in forms]
    assert [answer is None for answer in answers] == again == [False, False, True, True]
    assert [row["status"] for row in rows] == ["ok", "ok", "failed", "failed"]
    assert rows[2]["reason"] == "the worker died: exit code 1"
    assert [row["calibration"] for row in rows] == ["", "64 generated images"] * 2
    assert all(handle.closed for handle in processes.handles)


def test_workers_are_ended_whatever_happens(setting):
    processes = Processes()
    with pytest.raises(KeyboardInterrupt), open_conversions(read(["eager"]), setting, THREE, executor=processes):
        raise KeyboardInterrupt
    assert [handle.closed for handle in processes.handles] == [True]


def test_nothing_is_started_where_no_form_is_asked_for(setting):
    assert read().backends == ()
    with open_conversions(read(), setting, THREE, executor=None) as forms:
        assert forms == []


def test_forms_are_those_asked_for_in_order():
    assert read(precisions=["int8", "fp32", "int8"]).precisions == ("int8", "fp32")
    assert read(precisions=["int8"]).backends == ("openvino",)
    assert read(["eager", "eager"]).precisions == ("fp32",)
    assert (read(["eager"]).batch, read(["eager"], batch_size=7).batch) == (1, 7)


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"calibration": "val"}, InputError, "--calibration applies only to int8"),
        ({"backends": ["eager"], "calibration": "val"}, InputError, "--calibration applies only to int8"),
        ({"backends": ["egaer"]}, UnknownNameError, "egaer"),
        ({"precisions": ["int9"]}, UnknownNameError, "int9"),
        ({"backends": []}, InputError, "at least one backend"),
        ({"precisions": []}, InputError, "at least one precision"),
    ],
)
def test_forms_that_there_are_not_are_refused(options, kind, words):
    with pytest.raises(kind, match=words):
        read(**options)


def test_pictures_of_the_calibration_are_told(tmp_path):
    from PIL import Image  # noqa: PLC0415

    for number in range(5):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / f"{number}.png")
    chosen = read(precisions=["int8"], calibration=str(tmp_path))
    assert [path.name for path in chosen.calibrated] == ["1.png", "3.png"]
    assert read(precisions=["int8"]).calibrated == ()
