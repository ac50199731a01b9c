"""What a module says of its images is taken where it can be, and nothing is made up where it can't."""

import math

import pytest

from rexnet_core.preprocess import Preprocessing
from rexnet_core.sources.declared_preprocessing import read_preprocessing

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.3, 0.4)


def test_all_that_is_told_is_taken():
    told = {"mean": list(MEAN), "std": STD, "crop_pct": 0.9, "interpolation": "bilinear", "crop_mode": "center"}
    assert read_preprocessing(told) == Preprocessing(
        rule="timm", mean=MEAN, std=STD, crop_ratio=0.9, interpolation="bilinear"
    )


def test_mean_and_deviation_are_enough():
    assert read_preprocessing({"mean": MEAN, "std": STD}) == Preprocessing(rule="timm", mean=MEAN, std=STD)


def test_what_is_not_done_here_is_noted():
    found = read_preprocessing({"mean": MEAN, "std": STD, "interpolation": "lanczos", "crop_mode": "border"})
    assert found.interpolation == "bicubic"
    assert found.note == (
        "its author resizes by lanczos, here it is bicubic; its author crops by border, here the centre is cut out"
    )


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"mean": MEAN},
        {"mean": MEAN, "std": (0.2, 0.3)},
        {"mean": MEAN, "std": (0.2, 0.0, 0.4)},
        {"mean": "abc", "std": STD},
        {"mean": (math.nan, 0, 0), "std": STD},
        {"mean": 0.5, "std": STD},
        {"mean": MEAN, "std": STD, "crop_pct": 3},
        {"mean": MEAN, "std": STD, "crop_pct": "0.9"},
    ],
)
def test_what_cannot_be_is_as_if_it_were_not_told(told):
    assert read_preprocessing(told) is None
