"""What an artefact tells of its pictures is read back, and whatever else stands there is nothing."""

import json
from dataclasses import asdict

import pytest

from rexnet_core.errors import UnsupportedModelError
from rexnet_core.preprocess import Preprocessing
from rexnet_core.sources.exported_metadata import read_class_names, read_exported

STEPS = Preprocessing(crop_ratio=0.9, interpolation="bilinear", side=64, resized_side=71, mean=(0.1, 0.2, 0.3))
TOLD = {"format_version": 1, "form": {"input_order": "bgr"}, "steps": asdict(STEPS)}


def test_geometry_is_the_original_and_pixels_stay_as_they_are():
    read = read_exported(json.dumps(TOLD))
    assert read == Preprocessing(
        crop_ratio=0.9,
        interpolation="bilinear",
        side=64,
        resized_side=71,
        mean=(0.0, 0.0, 0.0),
        std=(1 / 255, 1 / 255, 1 / 255),
        channel_order="bgr",
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"format_version": 2},
        {"form": {"input_order": "grb"}},
        {"form": None},
        {"steps": asdict(STEPS) | {"crop_ratio": "1"}},
        {"steps": asdict(STEPS) | {"crop_ratio": float("nan")}},
        {"steps": asdict(STEPS) | {"crop_ratio": True}},
        {"steps": asdict(STEPS) | {"geometry": []}},
        {"steps": asdict(STEPS) | {"side": -1}},
        {"steps": asdict(STEPS) | {"resized_side": 1e9}},
        {"steps": asdict(STEPS) | {"interpolation": {}}},
        {"steps": {}},
        {"steps": asdict(STEPS) | {"rule": "a" * 200_000}},
        {"steps": asdict(STEPS) | {"rule": "imagenet\n\x1b[2J"}},
    ],
)
def test_what_is_no_such_entry_says_nothing(changes):
    assert read_exported(json.dumps(TOLD | changes)) is None


def test_an_artefact_that_resizes_itself_is_refused():
    with pytest.raises(UnsupportedModelError, match="resizes and cuts them itself; export the model without --resize"):
        read_exported(json.dumps(TOLD | {"form": {"input_order": "rgb", "resized_side": 71}}))


@pytest.mark.parametrize("text", ["", "[]", "1", "{", "[" * 100_000, '{"format_version": 1}'])
def test_any_other_text_says_nothing(text):
    assert read_exported(text) is None
    assert read_class_names(text) == ()
