"""Which pictures are trained with, and which folders can't be."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from small_trainings import write_folder

from analysis.training.data import read_data
from rexnet_core.errors import InputError


def ask(data, **options):
    usual = {"val": None, "val_share": None, "classes_file": None, "seed": 0}
    return read_data(SimpleNamespace(data=data, **{**usual, **options}))


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / "data", train=5, val=2)


def test_train_and_val_are_found_below_the_folder(folder):
    data = ask(folder)
    assert (len(data.train), len(data.val), data.classes) == (15, 6, ("blue", "green", "red"))
    assert [image.label for image in data.train] == [0] * 5 + [1] * 5 + [2] * 5


def test_a_folder_of_classes_is_divided_class_by_class(folder):
    data = ask(folder / "train", val_share=0.4)
    assert sorted(image.label for image in data.val) == [0, 0, 1, 1, 2, 2]
    assert not {image.path for image in data.val} & {image.path for image in data.train}
    assert ask(folder / "train", val_share=0.4, seed=1).val != data.val


def test_validation_pictures_are_not_ignored_without_a_word(folder):
    with pytest.raises(InputError, match=r"has val besides; leave the option out, or name .*data/train as the data"):
        ask(folder, val_share=0.4)


def test_other_pictures_or_labels_have_another_fingerprint(folder):
    before = ask(folder).fingerprint()
    assert ask(folder).fingerprint() == before
    names = folder / "names.txt"
    names.write_text("red\ngreen\nblue\n")
    assert ask(folder, classes_file=names).fingerprint() != before
    (folder / "train/red/0.jpg").rename(folder / "train/red/9.jpg")
    assert ask(folder).fingerprint() != before


def test_validation_pictures_are_needed(folder):
    shutil.rmtree(folder / "val")
    with pytest.raises(InputError, match=r"has no train and val; give --val FOLDER, or --val-share 0.1"):
        ask(folder)


def test_one_class_is_refused(folder):
    for name in ("green", "red"):
        shutil.rmtree(folder / "train" / name)
        shutil.rmtree(folder / "val" / name)
    with pytest.raises(InputError, match=r"needs two classes or more, .* has only 'blue'"):
        ask(folder)


def test_an_empty_class_is_refused(folder):
    (folder / "train/violet").mkdir()
    with pytest.raises(InputError, match=r"each class folder must hold images, .*violet has none"):
        ask(folder)


def test_classes_that_differ_are_named(folder):
    (folder / "val/red").rename(folder / "val/rot")
    with pytest.raises(InputError, match=r"only .*train has 'red', only .*val has 'rot'"):
        ask(folder)


def test_a_class_that_a_file_names_must_have_pictures(folder):
    names = folder / "names.txt"
    names.write_text("blue\ngreen\nred\nviolet\n")
    with pytest.raises(InputError, match=r"each class must have pictures, .* has none of 'violet'"):
        ask(folder, classes_file=names)


def test_a_class_of_one_picture_can_not_be_divided(folder):
    for path in sorted((folder / "train/red").iterdir())[1:]:
        path.unlink()
    with pytest.raises(InputError, match=r"--val-share needs two pictures or more of each class, .*red has one"):
        ask(folder / "train", val_share=0.5)


def test_a_name_that_no_system_takes_is_one_line():
    with pytest.raises(InputError, match=r"images come from a folder; .*: File name too long; name one that"):
        ask(Path("x" * 300))
