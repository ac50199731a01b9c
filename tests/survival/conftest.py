"""Real runs in processes of their own, with a runtime that takes no time, and a look at what they leave behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from bench.store.store import Store

TINY = ["--models", "mobilenet_v2_0.5", "--resolutions", "32", "--threads", "1"]
_PATIENCE_S = 300


def wait_until(look, patience_s=_PATIENCE_S):
    """What a look shows, once that is true or patience is at its end."""
    end = time.monotonic() + patience_s
    while not (seen := look()) and time.monotonic() < end:
        time.sleep(0.02)
    return seen


@dataclass
class Place:
    """A folder with runs in it, whose processes carry a mark."""

    folder: Path
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    extra: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen] = field(default_factory=list)

    def start(self, *words, trouble=None, command="run"):
        """A command on a tiny case, under way."""
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, [str(self.folder / "site"), os.environ.get("PYTHONPATH")])),
            "REXBENCH_LOCK": str(self.folder / "lock"),
            "REXBENCH_TEST_MARK": self.mark,
            "REXBENCH_TEST_TROUBLE": json.dumps(trouble or {}),
            **self.extra,
        }
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = [sys.executable, "-m", "rexbench", command, *words]
        self.started.append(subprocess.Popen(command, cwd=self.folder, env=environment, **streams))
        return self.started[-1]

    def run(self, *words, trouble=None, command="run"):
        """Exit code, standard output and standard error of a command."""
        run = self.start(*words, trouble=trouble, command=command)
        out, err = run.communicate(timeout=_PATIENCE_S)
        return run.returncode, out, err

    def leave_runtimes_real(self):
        """Take the stand-in away."""
        (self.folder / "site/sitecustomize.py").unlink()

    @staticmethod
    def wait_for_signal_heard(run):
        """Return once no signal is waiting for a process, and its handler has had a moment."""

        def is_heard():
            status = Path(f"/proc/{run.pid}/status").read_text()
            return all(int(line.split()[1], 16) == 0 for line in status.splitlines() if line.startswith("ShdPnd"))

        wait_until(is_heard)
        time.sleep(0.3)

    @property
    def url(self):
        return f"sqlite:///{self.folder}/results/rexbench.db"

    def look(self):
        """The newest run and its measurements; None where there is none yet."""
        if not (self.folder / "results/rexbench.db").exists():
            return None
        with Store(self.url, create=False) as store:
            if not store.runs():
                return None
            run = store.find_run()
            return run, store.measurements(run.id)

    def wait_for(self, what):
        """The newest run and its measurements, once they are as wanted."""

        def look():
            stored = self.look()
            return stored if stored and what(*stored) else None

        return wait_until(look) or pytest.fail("it didn't come to that")

    def wait_for_process(self, name):
        """A marked process whose command line holds that word."""

        def look():
            return next((process for process in self.processes() if name in _words(process)), None)

        return wait_until(look) or pytest.fail(f"no {name} was started")

    def processes(self):
        """All live processes that carry the mark, wherever they hang in the tree."""
        return [one for one in psutil.process_iter() if self.mark in _mark(one)]

    def check_that_none_is_left(self):
        """Give processes a moment to end, and fail for those that don't."""
        wait_until(lambda: not self.processes(), 20)
        assert [" ".join(_words(one)) for one in self.processes()] == []


def _words(process):
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _mark(process):
    try:
        return process.environ().get("REXBENCH_TEST_MARK", "") if process.status() != psutil.STATUS_ZOMBIE else ""
    except psutil.Error:
        return ""


@pytest.fixture
def place(tmp_path):
    """A place in which nothing runs when the test ends."""
    (tmp_path / "site").mkdir()
    shutil.copy(Path(__file__).parent / "stand_in.py", tmp_path / "site/sitecustomize.py")
    place = Place(tmp_path)
    assert place.processes() == []
    yield place
    left = place.processes()
    for process in left:
        process.send_signal(signal.SIGKILL)
    for run in place.started:
        run.kill()
        run.communicate()
    assert left == []


@pytest.fixture
def tiny():
    """Options of a run that takes a moment."""
    return TINY
