"""Files are written whole or not at all; a place that can't be written is found before the work, in one line.

Of the same kind: --csv, --markdown, --out of a file and of a report; folders for files and files for folders, names
that are too long or hold what no name can, folders that may not be written, devices, pipes, links, full disks.
"""

import errno
import os
import stat
from pathlib import Path

import pandas as pd
import pytest

from reports.files.writable import check_writable
from rexbench.output import check_target, write_csv, write_text
from rexnet_core.errors import InputError
from rexnet_core.files import replace_file

WRONG = ["", ".", "folder", "file/x.csv", "none/x.csv", "x" * 300, "a\0b", "\ud800", "loop", "y/" * 3000, "/proc/x.csv"]


@pytest.fixture(autouse=True)
def _places(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("before")
    (tmp_path / "loop").symlink_to("loop")


def list_files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("target", WRONG)
def test_a_file_that_can_not_be_written_is_found_before_the_work(tmp_path, target):
    before = list_files(tmp_path)
    with pytest.raises(InputError, match=r"^--csv needs a file it can write; .*; name another or make room$"):
        check_target("--csv", target)
    with pytest.raises(InputError, match=r"^--csv needs a file it can write; "):
        write_csv(target, pd.DataFrame({"a": [1]}))
    assert list_files(tmp_path) == before


@pytest.mark.parametrize(
    "target", ["file", "file/report", "x" * 300, "a\0b", "\ud800", "loop", "/proc/report", "y/" * 3000]
)
def test_a_folder_that_can_not_be_written_is_found_before_the_work(tmp_path, target):
    before = list_files(tmp_path)
    with pytest.raises(InputError, match=r"^the report needs a folder it can write to; "):
        check_writable(Path(target))
    assert list_files(tmp_path) == before


@pytest.mark.parametrize("name", ["csv", "figures", "report.html"])
def test_what_stands_in_the_way_within_a_folder_is_found_before_the_work(tmp_path, name):
    wrong = tmp_path / "folder" / name
    wrong.mkdir() if name == "report.html" else wrong.write_text("")
    with pytest.raises(InputError, match=f"{name} is a f"):
        check_writable(tmp_path / "folder")


def test_a_refusal_of_the_system_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr("rexnet_core.files.os.access", lambda *_: False)
    for act in (lambda: check_target("--csv", "file"), lambda: write_text("file", "after", "--csv")):
        with pytest.raises(InputError, match="file: Permission denied; name another"):
            act()
    assert (tmp_path / "file").read_text() == "before"


def test_a_full_disk_leaves_the_old_file_and_nothing_else(monkeypatch, tmp_path):
    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    before = list_files(tmp_path)
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(InputError, match="file: No space left on device; name another or make room"):
        write_text("file", "after")
    assert list_files(tmp_path) == before
    assert (tmp_path / "file").read_text() == "before"


def test_a_link_and_the_rights_of_a_file_stay(tmp_path):
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "dangling").symlink_to("folder/new")
    (tmp_path / "file").chmod(0o640)
    for name in ("link", "dangling"):
        check_target("--csv", name)
        write_text(name, "after")
        assert (tmp_path / name).is_symlink()
        assert (tmp_path / name).read_text() == "after"
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_a_new_file_has_the_rights_that_the_user_wants(tmp_path):
    before = os.umask(0o027)
    try:
        replace_file(tmp_path / "new", "text", sync=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


def test_a_device_is_written_to_as_it_is(tmp_path):
    write_text("/dev/null", "text")
    with pytest.raises(InputError, match="/dev/full: No space left on device"):
        write_text("/dev/full", "text")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe: No such device or address"):  # nobody reads it
        write_text("pipe", "text")


def test_text_that_is_none_is_spelled_out_in_files(tmp_path):
    text = ["a\udce9\x1b[31m\u202e", "two\nlines é"]
    # As objects: beside pyarrow, pandas keeps no such text in columns of text.
    write_csv("new.csv", pd.DataFrame({0: text}, dtype=object).set_axis(pd.Index(["path\udce9"], dtype=object), axis=1))
    assert (tmp_path / "new.csv").read_text() == 'path\\udce9\na\\udce9\\x1b[31m\\u202e\n"two\nlines é"\n'


def test_an_answer_is_given_where_the_file_can_not_be_written(call):
    answer = call("complexity", "rexnet_1.0", "--json", "--csv", "/dev/full")
    assert answer.code == 2
    assert answer.document["params"] == 4_796_873
    assert answer.err == (
        "rexbench: --csv needs a file it can write; /dev/full: No space left on device; name another or make room\n"
    )


@pytest.mark.parametrize(
    "words", ["doctor {}", "complexity {}", "{}", "run --store {}", "report --run {}", "suites {}"]
)
def test_no_command_repeats_a_password_or_a_control_character(call, words):
    code, out, err = call(words.format("'nosuchdb://u:s3\x1b[31m@c\nret@h/x'"))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "ret@" not in err
    assert "s3" not in err
    assert "\x1b" not in err
