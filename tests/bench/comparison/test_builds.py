"""Builds are made from git, wheels and environments, and nothing of them is left."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from made_up import CASE

from bench.comparison.builds import Source, open_builds
from bench.running.paired_builds import STEADY_HEAP
from bench.workers.child_process import Build
from bench.workers.executor import ProcessExecutor, WorkerError
from bench.workers.protocol import PROTOCOL, why_unspoken
from rexnet_core.errors import InputError


def git(folder, *words):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", str(folder), *identity, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(root, path, message):
    """Add an empty file to a repository."""
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).write_text("")
    git(root, "add", ".")
    git(root, "commit", "-qm", message)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with two commits, of which only the second has workers; each worktree is gone after the test."""
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    commit(root, "README", "one")
    commit(root, "bench/worker.py", "two")
    monkeypatch.chdir(root / "bench")
    yield root
    assert len(git(root, "worktree", "list").splitlines()) == 1


def test_a_revision_is_a_worktree_that_is_gone_afterwards_and_after_an_error(repository):
    with open_builds(Source(ref="main"), Source(tree=True)) as (base, head):
        assert (base.root / "bench" / "worker.py").is_file()
        assert base.description == f"git {git(repository, 'rev-parse', 'HEAD')[:10]} (main)"
        assert head.description.startswith("working tree at ")
        assert base.variables == STEADY_HEAP
        assert base.python == sys.executable
    assert not base.root.exists()
    with pytest.raises(ZeroDivisionError), open_builds(Source(ref="main"), Source(ref="main")) as (base, head):
        assert base.root != head.root
        raise ZeroDivisionError
    assert not base.root.exists()


def test_the_working_tree_is_measured_as_it_was_when_it_began(repository):
    (repository / ".gitignore").write_text("junk\n")
    (repository / "junk").write_text("")
    (repository / "bench" / "new.py").write_text("before")
    (repository / "README").unlink()
    with open_builds(Source(tree=True), Source()) as (base, head):
        assert base.description.endswith("with changes")
        assert head.description == "the code that is running"
        (repository / "bench" / "new.py").write_text("after")
        assert (base.root / "bench" / "new.py").read_text() == "before"
        assert (base.root / "bench" / "worker.py").is_file()
        assert not (base.root / "junk").exists()
    assert not base.root.exists()


def test_a_worktree_that_a_killed_comparison_left_is_forgotten(repository, tmp_path):
    git(repository, "worktree", "add", "-q", "--detach", str(tmp_path / "left"), "main")
    shutil.rmtree(tmp_path / "left")
    with open_builds(Source(ref="main"), Source()):
        assert "left" not in git(repository, "worktree", "list")


def test_a_wheel_is_unpacked_without_its_dependencies(tmp_path):
    wheel = tmp_path / "rexbench-0.0.1-py3-none-any.whl"
    files = {
        "METADATA": "Metadata-Version: 2.1\nName: rexbench\nVersion: 0.0.1\nRequires-Dist: torch>=99\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "",
    }
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.writestr("bench/worker.py", "")
        for name, text in files.items():
            packed.writestr(f"rexbench-0.0.1.dist-info/{name}", text)
    with open_builds(Source(wheel=wheel), Source()) as (base, _):
        assert base.description == "wheel rexbench-0.0.1-py3-none-any.whl"
        assert (base.root / "bench" / "worker.py").is_file()
    assert not base.root.exists()


def test_an_environment_runs_what_it_has_installed(tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho rexbench 0.0.9 2.5.0\n")
    python.chmod(0o755)
    with open_builds(Source(python=python), Source()) as (base, _):
        assert base.description == f"environment of {python}: rexbench 0.0.9, torch 2.5.0"
        assert (base.root, base.python) == (None, str(python))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (Source(ref="no-such-branch"), "head: a git revision must be one of .*, got 'no-such-branch'"),
        (Source(ref="main~1"), r"head: git \w+ \(main~1\) has no bench/worker.py: not rexbench"),
        (Source(wheel=Path("none.whl")), "head: a wheel must be a file, got none.whl"),
        (Source(wheel=Path("worker.py")), "head: pip can't install worker.py: "),
        (Source(python=Path("no-python")), "head: an interpreter must be a program that can be run, got no-python"),
        (
            Source(python=Path("/bin/true")),
            "head: /bin/true must have rexbench and torch installed, .*: its answer has no versions",
        ),
        (Source(python=Path("/bin/echo")), "head: /bin/echo must have rexbench and torch installed"),
        (Source(python=Path("/bin/false")), "head: /bin/false must have rexbench and torch installed"),
    ],
)
@pytest.mark.usefixtures("repository")
def test_a_build_that_cannot_be_made_is_one_line(source, message):
    with pytest.raises(InputError, match=message) as raised, open_builds(Source(ref="main"), source):
        pass
    assert "\n" not in str(raised.value)


def test_outside_a_repository_there_are_no_revisions(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    message = "base: a git revision needs a repository"
    with pytest.raises(InputError, match=message), open_builds(Source(ref="a"), Source()):
        pass


@pytest.mark.parametrize("version", [None, 1, PROTOCOL + 1])
def test_a_worker_is_asked_only_in_a_protocol_that_both_speak(version):
    assert why_unspoken(PROTOCOL) == ""
    assert f"its worker speaks version {version or 'unknown'} of the protocol" in why_unspoken(version)


def test_a_build_that_speaks_another_protocol_is_one_clear_line(tmp_path):
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "__init__.py").write_text("")
    program = "import json, sys\nfor line in sys.stdin: print(json.dumps({'protocol': 99}), flush=True)\n"
    (tmp_path / "bench" / "worker.py").write_text(program)
    message = "speaks version 99 of the protocol, this rexbench speaks 2; compare with the newer"
    with pytest.raises(WorkerError, match=message):
        ProcessExecutor(Build(root=tmp_path)).open(CASE, tmp_path, tmp_path, 20.0)


@pytest.mark.parametrize("path", ["x" * 300, "a\0b", "/dev/null/x", "/tmp"])
def test_a_wheel_or_an_interpreter_that_no_file_can_be_is_one_line(path):
    for source in (Source(wheel=Path(path)), Source(python=Path(path))):
        with pytest.raises(InputError, match=r"^base: a(n interpreter| wheel) must be"), open_builds(source, Source()):
            pass


def test_a_wheel_that_may_not_be_read_is_one_line(tmp_path, monkeypatch):
    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.whl").write_text("")
    for method in ("open", "is_file"):
        with monkeypatch.context() as patch, pytest.raises(InputError, match=r"a\.whl: Permission denied"):
            patch.setattr(f"pathlib.Path.{method}", refuse)
            with open_builds(Source(wheel=tmp_path / "a.whl"), Source()):
                pass
