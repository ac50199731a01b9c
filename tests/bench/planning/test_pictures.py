"""Which pictures calls begin with, and how a caller's mistakes are told before anything runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from bench.planning.pictures import MOST_PICTURES, read_pictures
from bench.planning.plan import Selection, expand
from bench.records.pictures import GENERATED, PictureSet, read_picture_set
from rexnet_core.errors import InputError


@pytest.fixture
def folder(tmp_path):
    """Forty pictures in two folders, and what is none."""
    for index in range(40):
        place = tmp_path / "photos" / f"class{index % 2}"
        place.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (12, 9), (index, 0, 0)).save(place / f"{index:02}.png")
    (tmp_path / "photos" / ".hidden").mkdir()
    (tmp_path / "photos" / "class0" / "._00.png").write_bytes(b"no picture")
    (tmp_path / "photos" / "notes.txt").write_text("no picture")
    return tmp_path / "photos"


def test_without_a_word_pictures_are_generated():
    assert read_pictures(None) == PictureSet()
    assert read_pictures(None).name == GENERATED


def test_pictures_are_spread_over_the_folders_of_a_folder(folder):
    found = read_pictures(str(folder))
    assert (found.found, len(found.files), len(set(found.files))) == (40, MOST_PICTURES, MOST_PICTURES)
    assert {name.split("/")[0] for name in found.files} == {"class0", "class1"}
    assert found.source == str(folder)
    assert read_picture_set(found.as_message()) == found
    assert read_pictures(str(folder / "class0")).found == 20


def test_the_name_of_a_set_tells_its_pictures_apart(folder):
    before = read_pictures(str(folder / "class0")).name
    assert before.startswith("class0-")
    assert read_pictures(str(folder / "class0")).name == before
    Image.new("RGB", (12, 9), (0, 9, 0)).save(folder / "class0" / "00.png")
    assert read_pictures(str(folder / "class0")).name != before


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda place: place.mkdir(), r"--pictures needs a picture, photo has none; put files ending in \.bmp"),
        (lambda _place: None, "--pictures names a folder; photo: .*No such file"),
        (lambda place: place.write_bytes(b"x"), "--pictures names a folder; photo: .*Not a directory"),
    ],
)
def test_a_folder_without_pictures_is_one_line(tmp_path, monkeypatch, make, line):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "photo")
    with pytest.raises(InputError, match=line):
        read_pictures("photo")


def _cut_short(path):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:900])


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (_cut_short, "can't be read as an image"),
        (lambda path: path.write_bytes(b"no picture"), "is no image in a known format"),
        (lambda path: Image.new("L", (20_000, 20_000)).save(path), "unpacks to more"),
        (lambda path: Image.new("RGB", (400, 2)).save(path), "sides differ"),
        (lambda path: Image.new("F", (8, 8)).save(path, "TIFF"), "floating-point numbers"),
    ],
)
def test_a_picture_that_cannot_be_decoded_is_named(folder, make, line):
    make(folder / "class1" / "01.png")
    with pytest.raises(InputError, match=line) as caught:
        read_pictures(str(folder / "class1"))
    assert str(folder / "class1" / "01.png") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_set_is_part_of_the_identity_of_cases_that_show_it(folder):
    chosen = Selection(models=["rexnet_1.0"], backends=["eager"], pictures=str(folder))
    with pytest.raises(InputError, match=r"--pictures applies only to the end-to-end scenario.*--scenarios end-to-end"):
        expand(chosen)
    plan = expand(replace(chosen, scenarios=["latency", "end-to-end"]))
    assert [bool(case.pictures) for case in plan.cases] == [False, True]
    assert plan.cases[1].pictures == plan.pictures.name
    assert plan.cases[1].id == f"rexnet_1.0-224-b1-eager-end-to-end-{plan.pictures.name}"
    assert plan.cases[1].describe() == f"rexnet_1.0 224 px batch 1 eager end-to-end on {plan.pictures.name} pictures"
    assert len(plan.matches()) == 1
