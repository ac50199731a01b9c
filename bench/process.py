"""A Python process of ours: started apart from the terminal, ended with all it started, and with us however we end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from bench.lifeline import VARIABLE, Lifeline
from bench.machine import PROC, TUNING_VARIABLES, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ROOT = Path(__file__).resolve().parent.parent
_TAIL_BYTES = 4000
_CLOSE_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """The code that workers run.

    Args:
        python: The interpreter.
        root: Folder that holds the package `bench`; None where the interpreter's environment has it installed.
        variables: Of its environment, beyond those that every worker has.
    """

    python: str = sys.executable
    root: Path | None = _ROOT
    variables: tuple[tuple[str, str], ...] = ()


class Child:
    """A process, the head of a group of its own."""

    def __init__(
        self, module: str, words: Sequence[str], *, threads: int, build: Build, extra: Mapping[str, str], answers: int
    ) -> None:
        """A running process.

        Args:
            module: What it runs.
            words: Its arguments.
            threads: The thread budget, put into its environment.
            build: The code.
            extra: More variables of its environment.
            answers: Where its standard output goes, as `subprocess` has it.
        """
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._lifeline = Lifeline()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(TUNING_VARIABLES)}
        # What an environment of its own has installed must not be shadowed by what ours can see.
        paths = [str(build.root), *filter(None, [os.environ.get("PYTHONPATH")])] if build.root else []
        environment = {**inherited, **extra, **dict(build.variables), "PYTHONPATH": os.pathsep.join(paths)}
        environment[VARIABLE] = str(self._lifeline.theirs)
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TORCHINDUCTOR_COMPILE_THREADS"):
            environment[name] = str(threads)
        self.popen = subprocess.Popen(
            # -P: a bench.py in the folder we are called from must not stand in for ours.
            [build.python, "-P", "-m", module, *words],
            stdin=subprocess.PIPE,
            stdout=answers,
            stderr=self._log,
            env=environment,
            start_new_session=True,
            pass_fds=[self._lifeline.theirs],
        )
        self._lifeline.hand_over()

    def kill(self) -> None:
        """End it and all it started, now."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, signal.SIGKILL)

    def end(self) -> None:
        """End it and all it started: closing its input asks, the signal insists."""
        for pipe in (self.popen.stdin, self.popen.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(timeout=_CLOSE_S)
        self.kill()
        self.popen.wait()
        self._lifeline.close()

    def close(self) -> None:
        """Let go of what it wrote."""
        self._log.close()

    def why_dead(self) -> str:
        """Why it ended, with the last line it wrote; empty where it has not."""
        try:
            code = self.popen.wait(timeout=_CLOSE_S)
        except subprocess.TimeoutExpired:
            return ""
        if code < 0:
            name = signal.Signals(-code).name
            cause = "killed (SIGKILL), most likely out of memory" if name == "SIGKILL" else f"ended by {name}"
        else:
            cause = f"exit code {code}"
        line = self.last_line()
        return f"{cause}: {line}" if line else cause

    def last_line(self) -> str:
        """The last line it wrote to standard error."""
        self._log.flush()
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - _TAIL_BYTES))
        lines = [line.strip() for line in self._log.read().decode(errors="replace").splitlines() if line.strip()]
        return str(lines[-1][:500]) if lines else ""

    def resident_bytes(self) -> int:
        """Resident memory of it and all it started, or its own peak where that was more; 0 once it has ended."""
        found = 0
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self.popen.pid)
            for one in (process, *process.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    found += one.memory_info().rss
        status = read_text(PROC / str(self.popen.pid) / "status")
        peaks = [int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:")]
        return max([found, *peaks])
