"""A runtime that begins with pictures, and runtimes whose lies are found although preparing takes most of a call."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from bench.backends import Parted, Trained
from bench.backends.info import BackendInfo
from bench.preparing.pictures import prepare_pictures
from bench.preparing.task import Task
from bench.records.case import Case
from bench.records.files import REFERENCE
from bench.records.inputs import load_inputs
from bench.records.measurement import Effective
from bench.records.pictures import CALL_PARTS, PictureSet, pictures_folder
from bench.statistics.parity import compare
from bench.worker import Worker
from bench.workers.end_to_end import EndToEnd
from bench.workers.picture_files import load_pictures
from bench.workers.shared_files import find_fault, prepare_task
from rexnet_core.preprocess import AS_THEY_ARE, Preprocessing
from rexnet_core.sources.source import OpenedModel

CASE = Case(
    model="rexnet_1.0", resolution=16, batch=2, backend="eager", threads=2, scenario="end-to-end", pictures="generated"
)


def compute(images):
    """Outputs that depend on every pixel."""
    values = images.reshape(len(images), -1)
    weights = np.random.default_rng(0).standard_normal((values.shape[1], 10))
    return (values @ weights).astype(np.float32)


class Runtime:
    """An honest runtime."""

    def load(self):
        """Do nothing, as `build`, `convert` and `compile` do."""

    build = convert = compile = load

    def feed(self, images):
        self.images = images

    def runner(self, index):
        return lambda: self.infer(self.images[index])

    def infer(self, images):
        time.sleep(0.005)
        return compute(images)

    def read(self, output):
        return np.array(output)

    def effective(self):
        return Effective(precision="fp32", threads=2)


class KeepsOutputs(Runtime):
    """Knows what it has seen by its contents."""

    def __init__(self):
        self.kept = {}

    def infer(self, images):
        key = images.tobytes()
        if key not in self.kept:
            self.kept[key] = super().infer(images)
        return self.kept[key]


class KeepsLabels(Runtime):
    """Answers what it answered first."""

    kept = None

    def infer(self, images):
        self.kept = super().infer(images) if self.kept is None else self.kept
        return self.kept


class Tires(Runtime):
    """Gives nothing any more once its outputs have been compared."""

    calls = 0

    def infer(self, images):
        self.calls += 1
        return super().infer(images) * (self.calls < 8)


def make_task(folder, **inputs):
    known = {"model": "m", "source": "py", "resolution": 16, "weights": None, "weights_entry": None}
    known |= {"exports": (), "pictures": PictureSet()}
    return Task(folder=folder, batch=2, threads=1, seed=0, **known, **inputs)


@pytest.fixture(scope="module")
def assets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("assets")
    task = make_task(folder, shapes=((3, 16, 16),), types=("float32",))
    prepare_pictures(task, OpenedModel(inputs=()), lambda inputs: [compute(inputs[0])])
    return folder


@pytest.fixture
def open_worker(assets, monkeypatch):
    def make(runtime, case=CASE, folder=assets):
        monkeypatch.setattr("bench.worker.open_backend", lambda *_: runtime)
        return Worker(case, folder)

    return make


def judge(worker, folder, assets):
    """What the parent would see: the agreement of the outputs, and the faults of the calls."""
    worker.build(str(folder / "logits.npy"))
    reference = np.load(pictures_folder(assets) / REFERENCE)
    agrees = compare(reference, np.load(folder / "logits.npy"), "fp32")
    for _ in range(4):
        worker.sample()
    return agrees, worker._find_faults(0.02, 1.0)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_call_brings_pictures_to_their_labels(assets, threads):
    whole = EndToEnd(Runtime(), replace(CASE, threads=threads), pictures_folder(assets))
    whole.load()
    whole.feed(load_pictures(pictures_folder(assets), 2))
    reference = np.load(pictures_folder(assets) / REFERENCE)
    for index, expected in enumerate(reference):
        labels, _ = output = whole.runner(index)()
        assert np.array_equal(whole.read(output)[0], expected)
        assert np.array_equal(labels, expected.argmax(axis=1))
    assert {name: len(times_s) for name, times_s in whole.take_parts().items()} == dict.fromkeys(CALL_PARTS, 4)
    assert whole.take_parts() == {name: [] for name in CALL_PARTS}
    assert isinstance(whole, Parted)
    assert not isinstance(whole, Trained)


def test_renewed_pictures_are_others_of_the_same_cost_until_they_are_restored(assets):
    whole = EndToEnd(Runtime(), CASE, pictures_folder(assets))
    whole.load()
    pictures = load_pictures(pictures_folder(assets), 2)
    [inputs] = load_inputs(pictures_folder(assets))
    before = list(pictures.ravel())
    whole.renew(pictures, 0.5)
    assert list(pictures.ravel()) == [before[-1], *before[:-1]]
    whole.feed(pictures)
    whole.runner(1)()
    assert np.allclose(whole.runtime.images[0], 1.5 * inputs.reshape(-1, 3, 16, 16)[1:3], atol=1e-5)
    whole.restore()
    whole.runner(1)()
    assert np.array_equal(whole.runtime.images[0], inputs.reshape(-1, 3, 16, 16)[1:3])


def test_an_honest_runtime_agrees_and_has_no_fault(open_worker, assets, tmp_path):
    worker = open_worker(Runtime())
    agrees, faults = judge(worker, tmp_path, assets)
    assert agrees.passed
    assert agrees.inputs == 8
    assert faults == []
    turn = worker.take_turn(0.02, 5)
    assert tuple(turn["parts_s"]) == CALL_PARTS
    whole = sum(sum(times_s) for times_s in turn["parts_s"].values())
    assert 0.8 * sum(turn["samples_s"]) < whole <= sum(turn["samples_s"])
    answer = worker.build(str(tmp_path / "logits.npy"))
    assert answer["effective"]["details"]["decoder"].startswith("Pillow ")
    assert answer["answers"] == ["infer"]


@pytest.mark.parametrize(
    ("runtime", "line"),
    [(KeepsOutputs, "it keeps its outputs"), (Tires, "a call returned another output than before it")],
)
def test_a_runtime_that_skips_work_is_named(open_worker, assets, tmp_path, runtime, line):
    _, [fault] = judge(open_worker(runtime()), tmp_path, assets)
    assert line in fault


def test_a_label_that_is_kept_does_not_agree(open_worker, assets, tmp_path):
    agrees, _ = judge(open_worker(KeepsLabels()), tmp_path, assets)
    assert agrees.fault == "output is the same for 8 distinct inputs" or not agrees.passed


@pytest.mark.parametrize(("runtime", "line"), [(Runtime, None), (KeepsOutputs, "it keeps its outputs")])
def test_a_model_that_takes_pixels_is_judged_alike(open_worker, tmp_path, runtime, line):
    mean, std = AS_THEY_ARE
    opened = OpenedModel(inputs=(), preprocessing=Preprocessing(mean=mean, std=std))
    task = make_task(tmp_path, shapes=((16, 16, 3),), types=("uint8",))
    prepare_pictures(task, opened, lambda inputs: [compute(inputs[0])])
    worker = open_worker(runtime(), replace(CASE, shape="16x16x3"), tmp_path)
    agrees, faults = judge(worker, tmp_path, tmp_path)
    assert agrees.passed
    assert [line in fault for fault in faults] == ([True] if line else [])
    [inputs] = load_inputs(pictures_folder(tmp_path))
    assert worker.runtime.images.dtype == np.uint8
    assert worker.runtime.images.shape[1:] == inputs.shape[1:]


def test_a_build_that_does_not_know_the_scenario_says_so(tmp_path):
    assert find_fault({}, CASE) == (
        "unsupported", "the build that prepares the files does not know the scenario end-to-end",
    )  # fmt: skip
    assert find_fault({"pictures": {"words": "8"}, "exports": {}}, CASE) is None
    assert find_fault({"pictures": {"fault": ["failed", "damaged"]}}, CASE) == ("failed", "damaged")
    assert prepare_task([CASE], tmp_path, seed=0)["pictures"]["name"] == "generated"
    assert prepare_task([replace(CASE, scenario="latency", pictures="")], tmp_path, seed=0)["pictures"] is None


def test_inputs_that_are_no_pictures_are_unsupported():
    info, case = BackendInfo(name="eager"), replace(CASE, shape="1x28x28", model="m")
    why = "a picture becomes one square image of 3 colours; m takes 1x28x28"
    assert info.why_unsupported(case) == why
    assert find_fault({}, case) == ("unsupported", why)
