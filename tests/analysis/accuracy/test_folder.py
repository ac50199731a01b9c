import contextlib
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.accuracy.classes import index_classes
from analysis.accuracy.folder import LabelledFolder, LabelledImage, read_folder
from rexnet_core.errors import InputError
from rexnet_core.sources.torchvision_import import import_torchvision


def labels(folder):
    return {f"{one.path.parent.name}/{one.path.name}": one.label for one in folder.images}


def fill(place, *names):
    for name in names:
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return place


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_classes_are_numbered_in_the_order_of_their_names(tmp_path):
    found = read_folder(fill(tmp_path, "b/1.png", "a/2.JPEG", "c/3.png", "a/1.jpg"))
    assert labels(found) == {"a/1.jpg": 0, "a/2.JPEG": 0, "b/1.png": 1, "c/3.png": 2}
    assert (found.classes, found.folders, found.left_out) == (3, 3, 0)


def test_torchvision_numbers_them_so_too(tmp_path):
    with contextlib.suppress(ImportError):
        import_torchvision()
    datasets = pytest.importorskip("torchvision.datasets", reason="torchvision is not installed")
    fill(tmp_path, "n02/1.png", "n01/2.jpeg", "n10/deep/3.png", "n11/.4.txt", "n11/5.bmp")
    theirs = datasets.ImageFolder(str(tmp_path)).samples
    assert [(str(one.path), one.label) for one in read_folder(tmp_path).images] == theirs


def test_folders_within_a_class_belong_to_it(tmp_path):
    found = read_folder(fill(tmp_path, "a/images/1.png", "a/2.png", "b/x/y/3.png"))
    assert [(one.path.name, one.label) for one in found.images] == [("2.png", 0), ("1.png", 0), ("3.png", 1)]


def test_hidden_files_and_other_suffixes_are_left_out_and_counted(tmp_path):
    found = read_folder(
        fill(tmp_path, "a/1.png", "a/.2.png", "a/notes.txt", "a/none", "LICENSE", ".git/config", "b/1.png")
    )
    assert len(found.images) == 2
    assert found.left_out == 5


def test_a_file_names_the_classes_and_some_may_be_absent(tmp_path):
    fill(tmp_path / "val", "b/1.png", "a/2.png")
    found = read_folder(tmp_path / "val", write(tmp_path / "classes.txt", "c\r\nb\r\nspare\r\na\r\n\r\n"))
    assert labels(found) == {"a/2.png": 3, "b/1.png": 1}
    assert (found.classes, found.folders) == (4, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\nb\n\nc\n", r"classes\.txt:3: a line must hold the name of a class, this one is empty"),
        ("a\nb\na\n", r"classes\.txt:3: a class stands on one line, 'a' is on line 1 too"),
        ("a\nx/b\n", r"classes\.txt:2: .* not 'x/b'"),
        ("..\n", r"classes\.txt:1: .* not '\.\.'"),
        ("a\nc\n", r"must be named in .*classes\.txt, .*val/b is not"),
        ("", r"classes\.txt names no class"),
    ],
)
def test_a_wrong_line_of_that_file_is_named(tmp_path, text, message):
    fill(tmp_path / "val", "a/1.png", "b/1.png")
    with pytest.raises(InputError, match=message) as caught:
        read_folder(tmp_path / "val", write(tmp_path / "classes.txt", text))
    assert "\n" not in str(caught.value)


def test_a_file_of_classes_must_be_text(tmp_path):
    fill(tmp_path / "val", "a/1.png")
    (tmp_path / "classes.bin").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="must be UTF-8 text"):
        read_folder(tmp_path / "val", tmp_path / "classes.bin")
    with pytest.raises(InputError, match="must be a file"):
        read_folder(tmp_path / "val", tmp_path / "gone.txt")


def natural_key(name):
    """As timm sorts class folders: by numbers, without case. Source: timm 1.0.31 utils/misc.py."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name.lower())]


@given(names=st.sets(st.text("aAbB019_-n", min_size=1, max_size=4), min_size=1, max_size=5))
def test_only_names_that_both_libraries_order_alike_are_numbered_without_a_file(names):
    by_letters, by_numbers = sorted(names), [sorted(order, key=natural_key) for order in (names, sorted(names)[::-1])]
    if [by_letters] * 2 == by_numbers:
        assert index_classes(Path("val"), sorted(names), None)[0] == {name: at for at, name in enumerate(by_letters)}
    else:
        with pytest.raises(InputError, match="give --classes-file"):
            index_classes(Path("val"), sorted(names), None)


@pytest.mark.parametrize(
    "names",
    [
        ("c1", "c2", "c10"),
        ("1", "2", "10", "background"),
        ("Zebra", "ant"),
        ("a", "A"),
        ("1", "01"),
        ("x9y", "x10y"),
        ("class_9", "class_10"),
    ],
)
def test_names_that_libraries_order_differently_need_a_file(tmp_path, names):
    """Not alone digits: any prefix, a single name without a number, letters within, upper and lower case, ties."""
    with pytest.raises(
        InputError, match=r"by letters and by numbers without case; .* libraries differ; give --classes"
    ):
        read_folder(fill(tmp_path / "val", *(f"{name}/1.png" for name in names)))
    listed = write(tmp_path / "classes.txt", "\n".join(names))
    assert labels(read_folder(tmp_path / "val", listed)) == {f"{name}/1.png": at for at, name in enumerate(names)}


def test_names_of_imagenet_need_no_file():
    names = [f"n{number:08}" for number in (1440764, 1443537, 15075141)]
    assert index_classes(Path("val"), names, None) == ({name: at for at, name in enumerate(names)}, 3)


def test_numbers_without_leading_zeros_are_refused_where_their_order_misleads(tmp_path):
    assert read_folder(fill(tmp_path / "few", *(f"{one}/1.png" for one in range(10)))).classes == 10
    with pytest.raises(InputError, match=r"by letters and by numbers without case; .* give --classes-file"):
        read_folder(fill(tmp_path / "many", *(f"{one}/1.png" for one in range(11))))
    names = write(tmp_path / "classes.txt", "\n".join(map(str, range(11))))
    assert labels(read_folder(tmp_path / "many", names))["10/1.png"] == 10


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "has no subfolder"),
        (("1.png",), "has no subfolder"),
        ((".hidden/1.png",), "has no subfolder"),
        (("a/1.png", "b/notes.txt"), r"each class folder must hold images, .*/b has none"),
    ],
)
def test_a_folder_without_what_it_needs_is_refused(tmp_path, names, message):
    with pytest.raises(InputError, match=message):
        read_folder(fill(tmp_path, *names))


def test_a_file_and_a_missing_folder_are_no_folder(tmp_path):
    fill(tmp_path, "file")
    with pytest.raises(InputError, match=r"images come from a folder; .*file: Not a directory"):
        read_folder(tmp_path / "file")
    with pytest.raises(InputError, match=r"gone: No such file"):
        read_folder(tmp_path / "gone")


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_names_that_no_system_takes_are_refused_in_one_line(tmp_path, name):
    with pytest.raises(InputError, match="images come from a folder"):
        read_folder(tmp_path / name)
    with pytest.raises(InputError, match="--classes-file must be"):
        read_folder(fill(tmp_path, "a/1.png"), tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read every folder")
def test_a_locked_folder_is_named(tmp_path):
    fill(tmp_path, "a/1.png")
    (tmp_path / "a").chmod(0)
    try:
        with pytest.raises(InputError, match="a: Permission denied"):
            read_folder(tmp_path)
    finally:
        (tmp_path / "a").chmod(0o700)


def test_links_are_followed_but_not_in_circles(tmp_path):
    fill(tmp_path, "store/1.png", "val/b/2.png")
    (tmp_path / "val" / "a").symlink_to(tmp_path / "store")
    assert labels(read_folder(tmp_path / "val")) == {"a/1.png": 0, "b/2.png": 1}
    (tmp_path / "val" / "b" / "back").symlink_to(tmp_path / "val")
    with pytest.raises(InputError, match=r"must not lead back into itself, the link .*b/back does"):
        read_folder(tmp_path / "val")


def test_links_to_nowhere_and_to_themselves_are_images_that_reading_will_find_damaged(tmp_path):
    fill(tmp_path, "a/1.png")
    (tmp_path / "a" / "2.png").symlink_to(tmp_path / "gone.png")
    (tmp_path / "a" / "3.png").symlink_to(tmp_path / "a" / "3.png")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    found = read_folder(tmp_path)
    assert [one.path.name for one in found.images] == ["1.png", "2.png", "3.png"]
    assert found.left_out == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_left_out(tmp_path):
    os.mkfifo(fill(tmp_path, "a/1.png") / "a" / "2.png")
    assert read_folder(tmp_path).left_out == 1


def test_a_limit_takes_images_at_even_distances(tmp_path):
    images = tuple(LabelledImage(tmp_path / str(number), number // 5) for number in range(20))
    folder = LabelledFolder(images=images, classes=4, folders=4, left_out=0)
    assert folder.spread(None) == folder.spread(20) == folder.spread(99) == images
    assert [one.label for one in folder.spread(4)] == [0, 1, 2, 3]
    assert [int(one.path.name) for one in folder.spread(3)] == [3, 10, 16]
    assert len(set(folder.spread(19))) == 19


def test_names_in_the_models_file_decide_where_they_are_those_of_the_folders(tmp_path):
    found = read_folder(fill(tmp_path / "val", "a/1.png", "b/2.png"), told=("b", "spare", "a"))
    assert (labels(found), found.classes) == ({"a/1.png": 2, "b/2.png": 0}, 3)
    by_order = read_folder(tmp_path / "val", told=("tench", "goldfish"))
    assert (labels(by_order), by_order.classes) == ({"a/1.png": 0, "b/2.png": 1}, 2)
    with pytest.raises(InputError, match=r"named among the classes of the model's file, .*val/a is not; move it"):
        read_folder(tmp_path / "val", told=("b", "c"))
