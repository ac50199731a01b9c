"""How many inputs a group gets, and the weights it shares."""

from __future__ import annotations

from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bench.assets import MIN_IMAGES, plan_batches, prepare
from bench.backends import Unavailable
from bench.planning.calibration import read_calibration
from bench.records.files import IMAGES, REFERENCE, WEIGHTS
from rexnet_core import create_model
from rexnet_core.checkpoint import load_tensors
from rexnet_core.errors import WeightsError
from rexnet_core.preprocess import Preprocessing, load_as_published


@given(st.integers(1, 4096), st.integers(32, 1024))
def test_there_is_always_a_batch_and_enough_images_where_they_fit(batch, side):
    batches = plan_batches(batch, [(3, side, side)])
    assert batches >= 1
    if batch * 3 * side**2 * 4 * 8 <= 512 * 2**20:
        assert batches * batch >= MIN_IMAGES
        assert batches >= 2


def test_weights_are_made_from_the_entry_that_is_asked_for(tmp_path):
    """Half of the tensors would do for a time, but the logits are to be those of the checkpoint's chosen weights."""
    weights = create_model("rexnet_0.5").state_dict()
    average = {name: tensor + 1 for name, tensor in weights.items()}
    torch.save({"model": weights, "ema": average}, tmp_path / "both.pth")
    task = {"model": "rexnet_0.5", "resolution": 32, "batch": 1, "threads": 1, "seed": 0, "folder": str(tmp_path)}
    task |= {"weights": str(tmp_path / "both.pth"), "exports": []}
    with pytest.raises(WeightsError, match="choose with --weights-entry"):
        prepare(task)
    assert prepare({**task, "weights_entry": "ema"})["weights_entry"] == "ema"
    made = load_tensors(tmp_path / WEIGHTS).tensors
    assert all(torch.equal(made[name], tensor) for name, tensor in average.items())


@pytest.mark.parametrize("steps", [None, Preprocessing(crop_ratio=0.7, channel_order="bgr")])
def test_forms_calibrated_on_pictures_are_compared_on_other_pictures(tmp_path, steps):
    """Ranges of pictures are wrong for generated images: a sound form would look like a wrong one."""
    random = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for number in range(7):
        pixels = random.integers(0, 256, (40, 48, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{number}.png")
    chosen = read_calibration(str(tmp_path / "photos"))
    task = {"model": "mobilenet_v2_0.5", "resolution": 32, "batch": 1, "threads": 1, "seed": 0, "weights": None}
    task |= {"exports": [], "compares": True, "calibration": chosen.as_message(), "folder": str(tmp_path)}
    prepare(task | ({"steps": asdict(steps)} if steps else {}))
    images = np.load(tmp_path / IMAGES)[:, 0]
    expected = [load_as_published(tmp_path / "photos" / name, 32, steps or Preprocessing()) for name in chosen.held_out]
    assert len(images) == MIN_IMAGES
    assert len(expected) == 4
    assert np.array_equal(images, np.concatenate([expected, expected]))
    assert np.load(tmp_path / REFERENCE).shape == (MIN_IMAGES, 1, 1000)


def test_a_first_export_that_fails_ends_no_other_backend(tmp_path, monkeypatch):
    def fail():
        raise Unavailable("a package is missing")

    monkeypatch.setattr("bench.assets.load_backend", lambda _name: SimpleNamespace(INFO=SimpleNamespace(export=fail)))
    task = {"model": "rexnet_0.5", "resolution": 32, "batch": 1, "threads": 1, "seed": 0, "folder": str(tmp_path)}
    done = prepare(task | {"weights": None, "exports": ["one"]})
    assert done["exports"] == {"one": {"fault": ("unavailable", "a package is missing")}}
    assert "fault" not in done
    assert (done["build_s"], done["convert_s"]) == (None, None)


def test_a_damaged_picture_to_calibrate_on_ends_int8_alone(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(4):
        Image.new("RGB", (40, 40), (index, 0, 0)).save(folder / f"{index}.png")
    chosen = read_calibration(str(folder))
    (folder / chosen.files[0]).write_bytes(b"no picture")
    task = {"model": "rexnet_0.5", "resolution": 32, "batch": 1, "threads": 1, "seed": 0, "folder": str(tmp_path)}
    task |= {"weights": None, "exports": [], "quantized": ["openvino"], "compares": True}
    done = prepare(task | {"calibration": chosen.as_message()})
    status, reason = done["quantized"]["openvino"]["fault"]
    assert status == "failed"
    assert chosen.files[0] in reason
    assert (tmp_path / REFERENCE).exists()
    assert "held_out" not in done
