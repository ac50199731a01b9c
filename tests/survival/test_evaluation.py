"""A small network evaluated in processes of its own: eager, OpenVINO in fp32 and int8, on made images."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

from rexnet_core import create_model, dump_weights
from rexnet_core.calibration import calibrate
from rexnet_core.preprocess import Preprocessing, load_as_published

pytestmark = pytest.mark.survival

SIDE, CLASSES, COUNT = 32, 6, 48


@pytest.fixture
def labelled(place):
    """A checkpoint of six classes, and images that are labelled by what it says, but for every sixth."""
    place.leave_runtimes_real()
    network = create_model("mobilenet_v2_0.5", num_classes=CLASSES).eval()
    calibrate(network, SIDE, seed=1)
    dump_weights(network, place.folder / "six.pth", "own")
    random = np.random.default_rng(0)
    for number in range(COUNT):
        path = place.folder / f"{number}.png"
        small = Image.fromarray(random.integers(0, 256, (5, 5, 3), dtype=np.uint8))
        small.resize((40, 48), Image.Resampling.NEAREST).save(path)
        with torch.inference_mode():
            [label] = network(torch.from_numpy(load_as_published(path, SIDE, Preprocessing()))[None]).argmax(1).tolist()
        folder = place.folder / "val" / "abcdef"[(label + (number % 6 == 0)) % CLASSES]
        folder.mkdir(parents=True, exist_ok=True)
        path.rename(folder / path.name)
    (place.folder / "classes.txt").write_text("\n".join("abcdef"))
    return place


def test_each_form_is_evaluated_on_the_same_images(labelled):
    words = "mobilenet_v2_0.5 --weights six.pth --resolution 32 --threads 1 --images val --classes-file classes.txt"
    forms = "--backends eager openvino --precisions fp32 int8 --batch-size 5 --json"
    code, out, err = labelled.run(*words.split(), *forms.split(), command="evaluate")
    document = json.loads(out)
    assert (document["images"], document["top1_correct"]) == (COUNT, COUNT - COUNT // 6), err
    eager, unsupported, full, quantized = document["converted"]
    assert [(row["backend"], row["precision"]) for row in document["converted"]] == [
        ("eager", "fp32"),
        ("eager", "int8"),
        ("openvino", "fp32"),
        ("openvino", "int8"),
    ]
    assert (eager["same_top1_images"], eager["top1_mcnemar_p"], eager["top1_change_points"]) == (COUNT, 1, 0)
    assert (full["status"], full["same_top1_images"]) == ("ok", COUNT)
    assert (unsupported["status"], "top1_percent" in unsupported) == ("unsupported", False)
    assert quantized["status"] in {"ok", "mismatch"}
    assert quantized["calibration"] == "64 generated images"
    cells = ("both_right", "only_original_right", "only_converted_right", "both_wrong")
    assert sum(quantized[cell] for cell in cells) == quantized["images"] == COUNT
    assert code == (quantized["status"] == "mismatch")
    labelled.check_that_none_is_left()
