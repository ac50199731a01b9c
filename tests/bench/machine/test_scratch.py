"""Temporary files are gone after a run, and after the run that follows a killed one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from bench.machine.scratch import make_scratch
from rexnet_core.errors import InputError

ROOT = Path(__file__).parents[3]
KILLED = """
import os
from bench.machine.scratch import make_scratch
with make_scratch() as folder:
    (folder / "weights").touch()
    print(folder, flush=True)
    os.kill(os.getpid(), 9)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def left(folder):
    """What a run that was killed has left."""
    environment = {**os.environ, "TMPDIR": str(folder)}
    command = [sys.executable, "-c", KILLED]
    killed = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    left = Path(killed.stdout.strip())
    assert left.parent == folder
    return left


def test_the_folder_of_a_killed_run_is_removed_and_that_of_a_live_one_is_not(folder, left):
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


def test_what_a_link_leads_to_stays(folder, left, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "thesis").write_text("years of work")
    left.rename(folder / "moved")
    left.symlink_to(elsewhere)
    with make_scratch():
        assert (elsewhere / "thesis").exists()


def test_no_folder_for_temporary_files_is_one_line(monkeypatch):
    def refuse(*_):
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "gettempdir", refuse)
    with pytest.raises(InputError, match="a run needs room for temporary files; No usable"), make_scratch():
        pass
