"""A child process: apart from the terminal, killed with all it started, and never outliving its parent."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from bench.backends.registry import thread_variables
from bench.machine.environment import PROC, read_text
from bench.machine.variables import without_dropped
from bench.workers.parent_watch import VARIABLE, Lifeline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ROOT = Path(__file__).resolve().parents[2]
_TAIL_BYTES = 4000
_CLOSE_S = 3.0
#: Receive the thread budget, for the thread pools which many runtimes and numpy share.
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
#: Pauses between looks at whether the process has ended: short at first, then longer [s].
_LOOK_S = (0.0005, 0.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """The code that workers run.

    Args:
        root: Folder that holds the package `bench`; None where the interpreter's environment has it installed.
        variables: Of its environment, beyond those that every worker has.
    """

    description: str = "the code that is running"
    python: str = sys.executable
    root: Path | None = _ROOT
    variables: tuple[tuple[str, str], ...] = ()


class Child:
    """A process, the head of a group of its own."""

    def __init__(
        self, module: str, words: Sequence[str], *, threads: int, build: Build, extra: Mapping[str, str], answers: int
    ) -> None:
        """A running process, with the thread budget in its environment."""
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._lifeline = Lifeline()
        self._gone = False
        # Packages that another environment has installed must not be shadowed by those of this one.
        paths = [str(build.root), *filter(None, [os.environ.get("PYTHONPATH")])] if build.root else []
        environment = {**without_dropped(), **extra, **dict(build.variables), "PYTHONPATH": os.pathsep.join(paths)}
        environment[VARIABLE] = str(self._lifeline.theirs)
        for name in (*_THREADS, *thread_variables()):
            environment[name] = str(threads)
        self.popen = subprocess.Popen(
            # -P: a bench.py in the current folder must not replace the package.
            [build.python, "-P", "-m", module, *words],
            stdin=subprocess.PIPE,
            stdout=answers,
            stderr=self._log,
            env=environment,
            start_new_session=True,
            pass_fds=[self._lifeline.theirs],
        )
        self._lifeline.hand_over()

    def wait(self, limit_s: float) -> int | None:
        """Its exit code, as `subprocess` has it; None where it has not ended within the limit [s].

        The process is not reaped: while the system keeps its number, no other process group can have that number.
        """
        if not hasattr(os, "waitid"):  # macOS before Python 3.13
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self.popen.wait(limit_s)
            return None
        end, pause_s = time.monotonic() + limit_s, _LOOK_S[0]
        while (code := self._look()) is None and (left_s := end - time.monotonic()) > 0:
            time.sleep(min(pause_s, left_s))
            pause_s = min(2 * pause_s, _LOOK_S[1])
        return code

    def _look(self) -> int | None:
        if self.popen.returncode is not None:
            return self.popen.returncode
        ended = os.waitid(os.P_PID, self.popen.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None:
            return None
        return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status

    def kill(self) -> None:
        """Kill the process and all it started, now; also what it left behind where it has ended itself."""
        if not self._gone:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.popen.pid, signal.SIGKILL)

    def end(self) -> None:
        """End the process and all it started: close its input, wait a little, then kill, also after Ctrl-C."""
        try:
            for pipe in (self.popen.stdin, self.popen.stdout):
                if pipe:
                    with contextlib.suppress(OSError):
                        pipe.close()
            self.wait(_CLOSE_S)
        finally:
            self.kill()
            self._lifeline.close()
            self.popen.wait()
            self._gone = True

    def close(self) -> None:
        """Discard what the process wrote to standard error."""
        self._log.close()

    def why_dead(self) -> str:
        """Why it ended, with the last line it wrote; empty where it has not."""
        code = self.wait(_CLOSE_S)
        if code is None:
            return ""
        if code < 0:
            name = _name_signal(-code)
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
        resident = 0
        with contextlib.suppress(psutil.Error):
            head = psutil.Process(self.popen.pid)
            for process in (head, *head.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    resident += process.memory_info().rss
        status = read_text(PROC / str(self.popen.pid) / "status")
        peaks = [int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:")]
        return max([resident, *peaks])


def _name_signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # those for real-time uses have no names
        return f"signal {number}"
