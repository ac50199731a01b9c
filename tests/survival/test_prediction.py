"""Pictures named by a converted form in a process of its own, and by the model itself."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from rexnet_core import create_model, dump_weights
from rexnet_core.calibration import calibrate

pytestmark = pytest.mark.survival


def test_a_converted_form_names_what_the_model_names(place):
    place.leave_runtimes_real()
    network = create_model("mobilenet_v2_0.5", num_classes=6).eval()
    calibrate(network, 32, seed=1)
    dump_weights(network, place.folder / "six.pth", "own")
    random = np.random.default_rng(0)
    for number in range(5):
        small = Image.fromarray(random.integers(0, 256, (5, 5, 3), dtype=np.uint8))
        small.resize((40, 48), Image.Resampling.NEAREST).save(place.folder / f"{number}.png")
    words = "mobilenet_v2_0.5 . --weights six.pth --resolution 32 --threads 1 --batch-size 2 --json"
    answers = []
    for form in ([], ["--backend", "openvino"]):
        code, out, err = place.run(*words.split(), *form, command="predict")
        assert code == 0, err
        answers.append(json.loads(out))
    own, converted = ([row["classes"] for row in answer["pictures"]] for answer in answers)
    assert [[one["class"] for one in row] for row in own] == [[one["class"] for one in row] for row in converted]
    shares = [[one["probability"] for row in rows for one in row] for rows in (own, converted)]
    assert shares[0] == pytest.approx(shares[1], abs=1e-4)
    assert (answers[1]["backend"], answers[1]["status"]) == ("openvino", "ok")
