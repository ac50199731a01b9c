"""The inputs of calibration and comparison as the preparing process reads them."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.planning.calibration import read_calibration
from bench.preparing.calibration import draw_sets
from bench.preparing.held_out import dump_held_out
from bench.preparing.task import Task, keep_finite
from bench.records.files import HELD_OUT, LABELS, REFERENCE
from bench.records.inputs import load_inputs, stream_inputs
from rexnet_core.errors import ModelError, UnsupportedModelError
from rexnet_core.preprocess import Preprocessing
from rexnet_core.sources.source import OpenedModel

LOADERS = """
import numpy as np

def load():
    for index in range(3):
        yield np.full((2, 3, 8, 8), index, np.float32), [2 * index, 2 * index + 1]

def plain():
    return [np.zeros((4, 3, 8, 8))]

def odd():
    return [np.zeros((4, 3, 8, 9))]

def none():
    return []

def broken():
    raise KeyError("it broke")
"""


@pytest.fixture
def task(tmp_path):
    return Task(
        model="m",
        source="registered",
        resolution=8,
        shapes=((3, 8, 8),),
        types=("float32",),
        batch=4,
        threads=1,
        seed=0,
        weights=None,
        weights_entry=None,
        folder=tmp_path,
        exports=(),
    )


@pytest.fixture
def loaded(task, tmp_path, monkeypatch):
    (tmp_path / "loaders_of_mine.py").write_text(LOADERS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setitem(sys.modules, "loaders_of_mine", None)
    del sys.modules["loaders_of_mine"]
    return lambda name: replace(task, calibration=read_calibration(f"py:loaders_of_mine:{name}"))


def opened(**fields):
    return OpenedModel(inputs=(), module=None, **fields)


def test_generated_sets_differ_from_each_other_and_repeat(task):
    first, second = draw_sets(task, opened())
    assert first.words == second.words == "64 generated images"
    assert first.read([0])[0].shape == (1, 3, 8, 8)
    assert not np.array_equal(first.read(range(64))[0], second.read(range(64))[0])
    assert np.array_equal(first.read([5])[0], draw_sets(task, opened())[0].read([5])[0])


def test_the_last_batch_is_filled_up(task):
    drawn = replace(draw_sets(task, opened())[0], count=6)
    first, second = (batch[0] for batch in drawn.split(4))
    assert first.shape == second.shape
    assert np.array_equal(second[2:], first[:2])


def test_pictures_are_prepared_as_the_model_takes_them(task, tmp_path):
    (tmp_path / "photos").mkdir()
    for index in range(4):
        Image.new("RGB", (10, 10), (255, 0, index)).save(tmp_path / "photos" / f"{index}.png")
    steps = Preprocessing(crop_ratio=1.0, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    chosen = replace(task, calibration=read_calibration(str(tmp_path / "photos")))
    calibration, held_out = draw_sets(chosen, opened(preprocessing=steps))
    assert calibration.words == "2 of 4 pictures in photos"
    assert held_out.words == "2 others of photos"
    assert calibration.read([0])[0][0, :, 0, 0] == pytest.approx([1, -1, -1], abs=0.05)
    with pytest.raises(UnsupportedModelError, match="must take one square image of 3 colours"):
        draw_sets(replace(chosen, shapes=((1, 8, 8),)), opened())


def test_a_loader_gives_images_with_labels_or_without(loaded):
    calibration, held_out = draw_sets(loaded("load"), opened())
    assert (calibration.count, held_out.count, held_out.labels) == (3, 3, (3, 4, 5))
    assert calibration.words == "the first 3 images of loaders_of_mine:load"
    assert draw_sets(loaded("plain"), opened())[1].labels == ()


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("odd", r"must give at least 2 images of shape \(3, 8, 8\); it gave one of shape \(3, 8, 9\)"),
        ("none", "it gave 0 for 1 inputs"),
        ("broken", "the loader loaders_of_mine:broken raised KeyError: 'it broke'"),
        ("absent", "raised AttributeError"),
    ],
)
def test_a_loader_at_fault_is_one_line(name, line, loaded):
    with pytest.raises(ModelError, match=line):
        draw_sets(loaded(name), opened())


def test_what_is_compared_is_written_with_its_reference_and_streamed(loaded, task):
    _, held_out = draw_sets(loaded("load"), opened())
    dump_held_out(task, held_out, lambda inputs: [inputs[0].reshape(len(inputs[0]), -1)[:, :6]])
    folder = Path(task.folder) / HELD_OUT
    [inputs] = load_inputs(folder)
    assert inputs.shape == (1, 4, 3, 8, 8)
    assert np.load(folder / REFERENCE).shape == (1, 4, 6)
    assert np.load(folder / LABELS).tolist() == [3, 4, 5]
    [[streamed]] = stream_inputs(folder, 5)
    assert np.array_equal(streamed, inputs)
    assert streamed.base is None or not isinstance(streamed.base, np.memmap)


def test_labels_beyond_the_outputs_are_left_out(loaded, task):
    _, held_out = draw_sets(loaded("load"), opened())
    dump_held_out(task, held_out, lambda inputs: [np.zeros((len(inputs[0]), 5), np.float32)])
    assert not (Path(task.folder) / HELD_OUT / LABELS).exists()


def test_what_is_not_known_is_none():
    assert keep_finite({"a": 1.0, "b": float("nan"), "c": float("inf")}) == {"a": 1.0, "b": None, "c": None}


def test_classes_that_are_not_the_models_are_told(task):
    drawn = draw_sets(task, opened())[1]
    labelled = replace(drawn, labels=(0,) * drawn.count, classes=12)
    outputs = lambda inputs: [np.ones((len(inputs[0]), 5), np.float32)]  # noqa: E731
    assert dump_held_out(task, labelled, outputs) == ", whose 12 classes are not the model's 5 outputs"
    assert not (Path(task.folder) / HELD_OUT / LABELS).exists()
    assert dump_held_out(task, replace(labelled, classes=5), outputs) == ""
    assert np.load(Path(task.folder) / HELD_OUT / LABELS).shape == (drawn.count,)
