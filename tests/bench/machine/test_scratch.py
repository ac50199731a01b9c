"""Temporary files are gone after a run, and after the run that follows a killed one."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest

from bench.machine import scratch
from bench.machine.scratch import make_scratch
from rexnet_core.errors import InputError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def left(folder):
    """What a run that was killed has left."""
    left = folder / "rexbench-run-left"
    left.mkdir()
    (left / "weights").write_text("of a run that was killed")
    return left


def test_a_folder_that_nobody_holds_is_cleared_away_and_one_that_is_held_is_not(folder, left):
    (folder / "rexbench-of-others").mkdir()
    with make_scratch() as first, make_scratch() as second:
        assert not left.exists()
        assert first.is_dir()
        assert second.is_dir()
    assert [path.name for path in folder.iterdir()] == ["rexbench-of-others"]


def test_a_folder_of_another_user_stays(left, monkeypatch):
    mine = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: mine + 1)
    with make_scratch():
        assert (left / "weights").exists()


def test_what_a_link_leads_to_stays(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "thesis").write_text("years of work")
    (folder / "rexbench-run-link").symlink_to(elsewhere)
    with make_scratch():
        assert (elsewhere / "thesis").exists()


def test_a_folder_that_another_run_took_for_left_over_is_made_anew(folder, monkeypatch):
    make, made = tempfile.mkdtemp, []

    def make_late(**words):
        made.append(make(**words))
        if len(made) == 1:
            shutil.rmtree(made[0])
        if len(made) == 2:
            scratch._clear()  # as another run does, before ours is held
        return made[-1]

    monkeypatch.setattr(tempfile, "mkdtemp", make_late)
    with make_scratch() as found:
        assert (str(found), len(made)) == (made[2], 3)
        scratch._clear()
        assert found.is_dir()
    assert list(folder.iterdir()) == []


def test_no_folder_for_temporary_files_is_one_line(monkeypatch):
    def refuse(*_):
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "gettempdir", refuse)
    with pytest.raises(InputError, match="a run needs room for temporary files; No usable"), make_scratch():
        pass
