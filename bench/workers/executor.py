"""The parent's side of a worker: it starts processes, asks them one thing at a time, and ends them when they hang."""

from __future__ import annotations

import contextlib
import json
import math
import os
import selectors
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from analysis.schema import SchemaError
from bench.backends.registry import info_of
from bench.machine.energy import read_energy
from bench.machine.interference import read_usage
from bench.records.files import as_folder
from bench.workers.answers import check_answer, describe_fault
from bench.workers.child_process import Build, Child
from bench.workers.protocol import why_unspoken
from rexnet_core.errors import InputError, RexbenchError
from rexnet_core.exit_codes import ExitCode
from rexnet_core.sources.registry import REGISTERED

if TYPE_CHECKING:
    from bench.machine.energy import Reading
    from bench.machine.interference import Usage
    from bench.records.case import Case

#: How often the memory of a worker that builds is looked at where it has a limit [s]. Not while it samples: reading the
#: tables of processes takes a core for a millisecond.
_LOOK_S = 0.2
#: Sleep in the system at most [s]: it takes milliseconds as 32 bits.
_SLEEP_S = 3600.0
_CHUNK_BYTES = 1 << 16
#: Clocks of parent and worker may differ by this factor.
_CLOCKS_AGREE = 1.01
#: What a worker may report of its case in place of an answer, and the longest message of it that is kept.
_OUTCOMES = frozenset({"failed", "unavailable", "unsupported"})
_MESSAGE = 1000
_GROWING = frozenset({"prepare", "open", "build", "warm_up"})


class WorkerError(RexbenchError):
    """A worker could not do what it was asked; `status` is the outcome of its case."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def make_fault(status: str, reason: str) -> WorkerError:
    """The outcome that a process reported of a case."""
    return WorkerError(status if status in _OUTCOMES else "failed", " ".join(reason.split())[:_MESSAGE])


class Handle(Protocol):
    """A live worker, as a group sees it. Every question raises `WorkerError` where the case ends."""

    def ask(self, do: str, /, **arguments: Any) -> dict[str, Any]:
        """The answer to one question of `bench.worker.Worker`."""

    def renew(self) -> None:
        """Give what follows the whole time limit anew."""

    def close(self) -> None:
        """End the process, whatever it is doing."""


class ProcessHandle(Handle, Protocol):
    """One process, which may be asked while others are."""

    def tell(self, do: str, /, **arguments: Any) -> None:
        """Put a question without waiting, so that several workers are busy at once."""

    def hear(self) -> dict[str, Any]:
        """The answer to the question that was put last."""


class Executor(Protocol):
    """Starts processes and reads the clock; tests replace it by one that does neither."""

    def prepare(self, task: dict[str, Any], limit_s: float) -> dict[str, Any]:
        """Run `bench.assets.prepare` apart."""

    def open(self, case: Case, assets: Path, scratch: Path, limit_s: float) -> ProcessHandle:
        """A worker for `case`."""

    def now(self) -> float:
        """Seconds on a clock that never goes back."""

    def read_usage(self) -> Usage:
        """The machine's counters now."""

    def read_energy(self) -> Reading:
        """The machine's counters of energy now."""

    def pause(self, seconds: float) -> None:
        """Wait, so that the machine is idle meanwhile."""


class ProcessExecutor:
    """Workers as processes of their own, each the head of a process group."""

    def __init__(self, build: Build | None = None, *, memory_limit_bytes: int | None = None) -> None:
        """Workers of one build, by default the running code, ended at so much resident memory (None for no limit)."""
        self._build = build or Build()
        self._memory_limit_bytes = memory_limit_bytes

    def prepare(self, task: dict[str, Any], limit_s: float) -> dict[str, Any]:
        """Make the files of a group in a process of their own.

        Raises:
            InputError: The checkpoint that was asked for can't be used.
            WorkerError: It failed, with the last line it wrote, or took longer than `limit_s`.
        """
        answer = Path(task["folder"]) / "prepared.json"
        child = Child(
            "bench.assets",
            [str(answer)],
            threads=task["threads"],
            build=self._build,
            extra={},
            answers=subprocess.DEVNULL,
        )
        try:
            code = self._hand_over(child, json.dumps(task).encode(), limit_s)
            registered = task.get("source", REGISTERED) == REGISTERED  # a user's code may end with any code
            if code == ExitCode.WRONG and registered:  # the checkpoint it was given is at fault
                raise InputError(child.last_line())
            if code != 0 or not answer.exists():
                raise WorkerError("failed", f"preparing weights and inputs: {child.why_dead()}")
        finally:
            child.end()
            child.close()
        return _read_prepared(answer, limit_s)

    def _hand_over(self, child: Child, task: bytes, limit_s: float) -> int:
        end = time.monotonic() + limit_s
        look_s = _LOOK_S if self._memory_limit_bytes else limit_s
        assert child.popen.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has died already, and its exit code says why
            child.popen.stdin.write(task)
            child.popen.stdin.close()
        while (code := child.wait(max(0.0, min(look_s, end - time.monotonic())))) is None:
            check_memory(child, self._memory_limit_bytes, "prepare")
            if time.monotonic() >= end:
                child.kill()
                raise WorkerError("failed", f"preparing weights and inputs took longer than {limit_s:g} s")
        return code

    def open(self, case: Case, assets: Path, scratch: Path, limit_s: float) -> WorkerProcess:
        """A worker that has its case and has not begun to import its runtime.

        Raises:
            WorkerError: The backend can't do the case.
        """
        worker = WorkerProcess(case, scratch, limit_s, build=self._build, memory_limit_bytes=self._memory_limit_bytes)
        try:
            opened = worker.ask("open", case=case.as_message(), assets=str(assets))
            check_answer("open", opened, limit_s)
            if reason := why_unspoken(opened.get("protocol")):
                raise WorkerError("failed", reason)  # noqa: TRY301 - the worker is closed as for any other error
        except SchemaError as error:
            worker.close()
            raise WorkerError("failed", describe_fault("open", error)) from None
        except BaseException:
            worker.close()
            raise
        return worker

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def read_usage(self) -> Usage:
        """The machine's counters now."""
        return read_usage()

    def read_energy(self) -> Reading:
        """The machine's counters of energy now."""
        return read_energy()

    def pause(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)


class WorkerProcess:
    """One `bench.worker` process; the parent sleeps in `select` while it works.

    Every question raises `WorkerError` where the worker reports an error, dies, uses up its time, or writes something
    else than an answer.
    """

    def __init__(
        self,
        case: Case,
        scratch: Path,
        limit_s: float,
        *,
        module: str = "bench.worker",
        build: Build | None = None,
        memory_limit_bytes: int | None = None,
    ) -> None:
        self._limit_s = limit_s
        self._left_s = limit_s
        self._memory_limit_bytes = memory_limit_bytes
        self._asked, self._asked_at = "", 0.0
        # A folder of its own: what another case compiled would make a first compile look quicker than it is.
        variable = info_of(case.backend).compile_cache
        cache = {variable: str(scratch / "compile_cache" / as_folder(case.id))} if variable else {}
        self._child = Child(
            module, [], threads=case.threads, build=build or Build(), extra=cache, answers=subprocess.PIPE
        )
        self._process = self._child.popen
        self._heard = bytearray()
        self._selector = selectors.DefaultSelector()
        assert self._process.stdout is not None
        self._selector.register(self._process.stdout, selectors.EVENT_READ)

    def ask(self, do: str, /, **arguments: Any) -> dict[str, Any]:
        """The worker's answer."""
        self.tell(do, **arguments)
        return self.hear()

    def tell(self, do: str, /, **arguments: Any) -> None:
        """Put a question; its time runs from now on."""
        self._asked, self._asked_at = do, time.monotonic()
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise self._death() from None

    def hear(self) -> dict[str, Any]:
        """The answer to the question that was put last."""
        line = self._read_line()
        check_memory(self._child, self._memory_limit_bytes, self._asked)
        self._left_s -= time.monotonic() - self._asked_at
        if not line:
            raise self._death()
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise WorkerError("failed", f"the worker's answer to {self._asked!r} can't be read: {line[:80]!r}")
        if "error" in answer:
            raise make_fault(str(answer["error"]), str(answer.get("message", "no message")))
        self._check_samples(answer.get("samples_s"))
        return answer

    def renew(self) -> None:
        """Let the time limit run from now on."""
        self._left_s = self._limit_s

    def _check_samples(self, samples: Any) -> None:
        """End a case whose samples are longer than its parent waited for them; their types are judged later."""
        waited_s = time.monotonic() - self._asked_at
        with contextlib.suppress(TypeError, OverflowError, ValueError):
            if math.fsum(samples or ()) > waited_s * _CLOCKS_AGREE + _LOOK_S:
                told = f"its samples take {math.fsum(samples):.3g} s, and its answer came after {waited_s:.3g} s"
                raise WorkerError("failed", told)

    def _read_line(self) -> bytes:
        """The next line it writes; nothing where it ends before that line does."""
        assert self._process.stdout is not None
        while b"\n" not in self._heard:
            self._wait()
            # Only what is there: a worker that stops in the middle of a line must not block its parent.
            chunk = os.read(self._process.stdout.fileno(), _CHUNK_BYTES)
            if not chunk:
                return b""
            self._heard += chunk
        line, _, rest = bytes(self._heard).partition(b"\n")
        self._heard[:] = rest
        return line + b"\n"

    def _wait(self) -> None:
        end = self._asked_at + self._left_s
        nap_s = _LOOK_S if self._memory_limit_bytes is not None and self._asked in _GROWING else _SLEEP_S
        while not self._selector.select(timeout=max(0.0, min(nap_s, end - time.monotonic()))):
            check_memory(self._child, self._memory_limit_bytes, self._asked)
            if time.monotonic() >= end:
                self._give_up()
        if self._heard and time.monotonic() >= end:  # the worker writes without end, and never ends its line
            self._give_up()

    def _give_up(self) -> NoReturn:
        self._child.kill()
        limit = f"within the case's limit of {self._limit_s:g} s"
        raise WorkerError("failed", f"no answer to {self._asked!r} {limit}; the worker was killed")

    def _death(self) -> WorkerError:
        why = self._child.why_dead()
        return WorkerError("failed", f"the worker died: {why}" if why else "the worker closed its pipe and was killed")

    def close(self) -> None:
        """End the process group and take the pipes down."""
        try:
            self._child.end()
        finally:
            self._selector.close()
            self._child.close()


def check_memory(child: Child, limit_bytes: int | None, doing: str) -> None:
    """End a process that holds more memory than it may, and raise `WorkerError`."""
    if limit_bytes is None:
        return
    resident_bytes = child.resident_bytes()
    if resident_bytes > limit_bytes:
        child.kill()
        what = f"memory limit: killed in {doing!r} with {resident_bytes / 1e6:.0f} MB resident"
        raise WorkerError("failed", f"{what}; --memory-limit is {limit_bytes / 1e6:.0f} MB")


def _read_prepared(path: Path, limit_s: float) -> dict[str, Any]:
    """The answer of a preparing process."""
    try:
        done: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        raise WorkerError("failed", "preparing weights and inputs: its answer is cut off") from None
    try:
        check_answer("prepare", done, limit_s)
    except SchemaError as error:
        raise WorkerError("failed", f"preparing weights and inputs: {describe_fault('prepare', error)}") from None
    if "wrong" in done:
        raise InputError(done["wrong"])
    if "fault" in done:
        raise make_fault(*done["fault"])
    return done
