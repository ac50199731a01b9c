"""What is calibrated on: which pictures of a folder, and how a caller's mistakes are told."""

from __future__ import annotations

import pytest
from PIL import Image

from bench.planning.calibration import HELD_OUT, locate_set, read_calibration
from bench.records.calibration import GENERATED, CalibrationSet, read_set
from rexnet_core.errors import InputError


@pytest.fixture
def make_folder(tmp_path):
    def make(count, classes=0, name="photos"):
        for index in range(count):
            place = tmp_path / name / (f"class{index % classes}" if classes else "")
            place.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (9, 8), (index % 256, 0, 0)).save(place / f"{index:04}.png")
        return tmp_path / name

    return make


@pytest.fixture
def places(make_folder, tmp_path, monkeypatch):
    """The current folder has a folder with one picture, and one with none."""
    make_folder(1, name="one")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)


def test_without_a_word_the_set_is_generated():
    assert read_calibration(None) == CalibrationSet()
    assert read_calibration(None).name == GENERATED


def test_pictures_to_calibrate_on_and_to_compare_on_are_others(make_folder):
    found = read_calibration(str(make_folder(10)))
    assert len(found.files) == len(found.held_out) == 5
    assert not set(found.files) & set(found.held_out)
    assert (found.found, found.labels, found.classes) == (10, (), 0)
    assert read_set(found.as_message()) == found


def test_class_folders_give_labels_to_what_is_compared(make_folder):
    found = read_calibration(str(make_folder(400, classes=4)))
    assert found.classes == 4
    assert len(found.files) == 128
    assert len(found.held_out) == 272 <= HELD_OUT
    assert all(f"class{label}/" in name for name, label in zip(found.held_out, found.labels, strict=True))
    assert {name.split("/")[0] for name in found.files} == {f"class{index}" for index in range(4)}


def test_the_name_of_a_set_tells_its_pictures_apart(make_folder):
    folder = make_folder(4)
    before = read_calibration(str(folder)).name
    assert before.startswith("photos-")
    assert read_calibration(str(folder)).name == before
    Image.new("RGB", (9, 8), (0, 9, 0)).save(folder / "0000.png")
    assert read_calibration(str(folder)).name != before
    assert locate_set(str(folder)) == read_calibration(str(folder)).source


def test_a_loader_is_named_and_not_run(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("raise SystemExit('it ran')\n")
    monkeypatch.chdir(tmp_path)
    found = read_calibration("py:mine:load")
    assert (found.name, found.source, found.loader) == ("py:mine:load", "mine:load", True)


@pytest.mark.parametrize(
    ("asked", "precisions", "line"),
    [
        ("photos", ("fp32",), "--calibration applies only to int8, which is not chosen; choose the precision int8"),
        ("absent", ("int8",), "--calibration names a folder; absent: "),
        ("empty", ("int8",), "empty has no image"),
        ("one", ("int8",), "needs at least 2 pictures, one has 1"),
        ("one/0000.png", ("int8",), "--calibration names a folder"),
        ("py:mine", ("int8",), "a loader is named py:package.module:callable, not py:mine"),
        ("py:absent_package:load", ("int8",), "needs the module absent_package"),
        ("a\0b", ("int8",), "--calibration names a folder"),
    ],
)
@pytest.mark.usefixtures("places")
def test_a_set_that_can_not_be_is_one_line(asked, precisions, line):
    with pytest.raises(InputError) as caught:
        read_calibration(asked, precisions)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_pictures_beside_a_subfolder_are_taken_without_classes(make_folder):
    folder = make_folder(4)
    (folder / "thumbs").mkdir()
    found = read_calibration(str(folder))
    assert (found.found, found.classes, found.labels) == (4, 0, ())


def test_classes_in_no_certain_order_are_told_without_an_option_that_a_run_lacks(make_folder, tmp_path):
    for name in ("c1", "c2", "c10"):
        make_folder(1, name=f"classes/{name}")
    with pytest.raises(InputError, match="libraries differ; rename the folders, or put all pictures into one folder"):
        read_calibration(str(tmp_path / "classes"))


def test_a_name_that_is_no_text_is_written_in_other_letters(tmp_path):
    folder = tmp_path / "\udcff photos"
    folder.mkdir()
    for index in range(2):
        Image.new("RGB", (9, 8), (index, 0, 0)).save(folder / f"{index}.png")
    assert read_calibration(str(folder)).name.startswith("__photos-")
