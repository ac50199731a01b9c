"""The parent's side of a worker: it starts processes, asks them one thing at a time, and ends them when they hang."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bench.assets import WRONG_INPUT
from bench.machine import TUNING_VARIABLES
from bench.protocol import why_unspoken
from rexnet_core.errors import InputError, RexbenchError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.case import Case

_ROOT = Path(__file__).resolve().parent.parent
_TAIL_BYTES = 4000
_CLOSE_S = 3.0


class WorkerError(RexbenchError):
    """A worker could not do what it was asked; `status` is the outcome of its case."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """The code that workers run.

    Args:
        python: The interpreter.
        root: Folder that holds the package `bench`; None where the interpreter's environment has it installed.
    """

    python: str = sys.executable
    root: Path | None = _ROOT


class Handle(Protocol):
    """A live worker, as a match sees it. Every question raises `WorkerError` where the case comes to its end."""

    def ask(self, do: str, /, **arguments: Any) -> dict[str, Any]:
        """The answer to one question of `bench.worker.Worker`."""

    def tell(self, do: str, /, **arguments: Any) -> None:
        """Put a question without waiting, so that several workers are busy at once."""

    def hear(self) -> dict[str, Any]:
        """The answer to the question that was put last."""

    def close(self) -> None:
        """End the process, whatever it is doing."""


class Executor(Protocol):
    """What makes a match real; tests put one without processes and clock in its place."""

    def prepare(self, task: dict[str, Any], limit_s: float) -> dict[str, Any]:
        """Run `bench.assets.prepare` apart."""

    def open(self, case: Case, assets: Path, scratch: Path, limit_s: float) -> Handle:
        """A worker for `case`."""

    def now(self) -> float:
        """Seconds on a clock that never goes back."""


class ProcessExecutor:
    """Workers as processes of their own, each the head of a process group."""

    def __init__(self, build: Build | None = None) -> None:
        """Workers of one build.

        Args:
            build: Default is the code that is running.
        """
        self._build = build or Build()

    def prepare(self, task: dict[str, Any], limit_s: float) -> dict[str, Any]:
        """Make the files of a match in a process that ends.

        Raises:
            InputError: The checkpoint that was asked for can't be used.
            WorkerError: It failed, with the last line it wrote, or took longer than `limit_s`.
        """
        answer = Path(task["folder"]) / "prepared.json"
        with tempfile.TemporaryFile() as log:
            process = _start(
                "bench.assets",
                [str(answer)],
                threads=task["threads"],
                extra={},
                log=log,
                answers=subprocess.DEVNULL,
                build=self._build,
            )
            try:
                process.communicate(json.dumps(task).encode(), timeout=limit_s)
            except subprocess.TimeoutExpired:
                raise WorkerError("failed", f"preparing weights and inputs took longer than {limit_s:g} s") from None
            finally:
                _end(process)
            if process.returncode == WRONG_INPUT:
                raise InputError(_last_line(log))
            if process.returncode != 0:
                raise WorkerError("failed", f"preparing weights and inputs: {_explain(process.returncode, log)}")
        done: dict[str, Any] = json.loads(answer.read_text())
        return done

    def open(self, case: Case, assets: Path, scratch: Path, limit_s: float) -> WorkerProcess:
        """A worker that has its case and has not begun to import its runtime.

        Raises:
            WorkerError: The backend can't do the case.
        """
        worker = WorkerProcess(case, scratch, limit_s, build=self._build)
        try:
            told = worker.ask("open", case=case.as_dict(), assets=str(assets))
            if reason := why_unspoken(told.get("protocol")):
                raise WorkerError("failed", reason)  # noqa: TRY301 - the worker is closed as for any other error
        except BaseException:
            worker.close()
            raise
        return worker

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()


class WorkerProcess:
    """One `bench.worker` process; the parent sleeps in `select` while it works."""

    def __init__(
        self, case: Case, scratch: Path, limit_s: float, module: str = "bench.worker", build: Build | None = None
    ) -> None:
        self._limit_s = limit_s
        self._left_s = limit_s
        self._asked, self._asked_at = "", 0.0
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker
        # A folder of its own: kernels of another case would make a first compile look quicker than it is.
        cache = {"TORCHINDUCTOR_CACHE_DIR": str(scratch / "inductor" / case.id)}
        self._process = _start(
            module,
            [],
            threads=case.threads,
            extra=cache,
            log=self._log,
            answers=subprocess.PIPE,
            build=build or Build(),
        )
        self._selector = selectors.DefaultSelector()
        assert self._process.stdout is not None
        self._selector.register(self._process.stdout, selectors.EVENT_READ)

    def ask(self, do: str, /, **arguments: Any) -> dict[str, Any]:
        """The worker's answer.

        Raises:
            WorkerError: It reported an error, died, or used up its time.
        """
        self.tell(do, **arguments)
        return self.hear()

    def tell(self, do: str, /, **arguments: Any) -> None:
        """Put a question; its time runs from now on.

        Raises:
            WorkerError: It died.
        """
        self._asked, self._asked_at = do, time.monotonic()
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise self._death() from None

    def hear(self) -> dict[str, Any]:
        """The answer to the question that was put last.

        Raises:
            WorkerError: It reported an error, died, or used up its time.
        """
        assert self._process.stdout is not None
        waited_s = time.monotonic() - self._asked_at
        if not self._selector.select(timeout=max(0.0, self._left_s - waited_s)):
            raise WorkerError(
                "failed", f"no answer to {self._asked!r} within the case's limit of {self._limit_s:g} s; it was ended"
            )
        line = self._process.stdout.readline()
        self._left_s -= time.monotonic() - self._asked_at
        if not line:
            raise self._death()
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"], answer["message"])
        return answer

    def _death(self) -> WorkerError:
        try:
            code = self._process.wait(timeout=_CLOSE_S)
        except subprocess.TimeoutExpired:
            return WorkerError("failed", "the worker closed its pipe and hung; it was ended")
        return WorkerError("failed", f"the worker died: {_explain(code, self._log)}")

    def close(self) -> None:
        """End the process group and take the pipes down."""
        _end(self._process)
        self._selector.close()
        self._log.close()


def _start(
    module: str, words: list[str], *, threads: int, extra: Mapping[str, str], log: Any, answers: int, build: Build
) -> subprocess.Popen[bytes]:
    """A Python process of ours with the thread budget in the environment, deaf to the terminal's Ctrl-C."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(TUNING_VARIABLES)}
    # What an environment of its own has installed must not be shadowed by what ours can see.
    paths = [str(build.root), *filter(None, [os.environ.get("PYTHONPATH")])] if build.root else []
    environment = {**inherited, **extra, "PYTHONPATH": os.pathsep.join(paths)}
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TORCHINDUCTOR_COMPILE_THREADS"):
        environment[name] = str(threads)
    return subprocess.Popen(
        # -P: a bench.py in the folder we are called from must not stand in for ours.
        [build.python, "-P", "-m", module, *words],
        stdin=subprocess.PIPE,
        stdout=answers,
        stderr=log,
        env=environment,
        start_new_session=True,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all it started: closing its input asks, the signal insists."""
    for pipe in (process.stdin, process.stdout):
        if pipe:
            with contextlib.suppress(OSError):
                pipe.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=_CLOSE_S)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _explain(code: int, log: Any) -> str:
    """Why a process ended, with the last line it wrote."""
    if code < 0:
        name = signal.Signals(-code).name
        cause = "killed (SIGKILL), most likely out of memory" if name == "SIGKILL" else f"ended by {name}"
    else:
        cause = f"exit code {code}"
    line = _last_line(log)
    return f"{cause}: {line}" if line else cause


def _last_line(log: Any) -> str:
    log.flush()
    size = log.seek(0, os.SEEK_END)
    log.seek(max(0, size - _TAIL_BYTES))
    lines = [line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()]
    return str(lines[-1][:500]) if lines else ""
