"""Which files a caller means, in which order."""

import os
from pathlib import Path

import pytest

from analysis.prediction import find_pictures
from rexnet_core.errors import InputError


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b.jpg", "a.PNG", ".hidden.png", "notes.txt", "deep/c.jpg", "deep/.off/d.jpg"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    Path("gone.png").symlink_to("nowhere")
    os.mkfifo("pipe.png")


def find(*asked, recursive=False, held=b""):
    return [picture.name for picture in find_pictures(asked, lambda: held, recursive=recursive)]


@pytest.mark.usefixtures("place")
def test_files_of_a_folder_come_by_name_without_hidden_ones():
    assert find(".") == ["a.PNG", "b.jpg", "gone.png"]  # a broken link is a damaged picture
    assert find(".", recursive=True) == ["a.PNG", "b.jpg", "deep/c.jpg", "gone.png"]


@pytest.mark.usefixtures("place")
def test_a_file_that_is_named_needs_no_suffix_and_the_order_is_the_callers():
    assert find("notes.txt", "deep", ".hidden.png", "b.jpg", "b.jpg") == [
        "notes.txt",
        "deep/c.jpg",
        ".hidden.png",
        "b.jpg",
        "b.jpg",
    ]


def test_standard_input_is_one_picture():
    [picture] = find_pictures(["-"], lambda: b"bytes", recursive=False)
    assert (picture.name, picture.source) == ("standard input", b"bytes")


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("nosuch.jpg", "nosuch.jpg: No such file"),
        ("pipe.png", "pipe.png is a pipe or a device; give - "),
        ("a\0b", "a picture is a file or a folder"),
    ],
)
def test_what_can_be_no_picture_is_refused_at_once(asked, message):
    with pytest.raises(InputError, match=message):
        find(asked)


@pytest.mark.usefixtures("place")
def test_a_folder_without_pictures_says_where_to_look():
    Path("outer/inner").mkdir(parents=True)
    Path("outer/inner/x.jpg").touch()
    with pytest.raises(InputError, match="outer has none; add --recursive"):
        find("outer")
    Path("outer/inner/up").symlink_to("..")
    with pytest.raises(InputError, match="lead back into itself"):
        find("outer", recursive=True)
