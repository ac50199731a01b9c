"""The parent's side of `bench.describe`: what models from elsewhere are, without importing or running them here."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.schema import SchemaError
from bench.records.schemas import read_subject
from bench.records.subject import Subject
from bench.workers.child_process import Build, Child
from bench.workers.executor import WorkerError, check_memory
from rexnet_core.errors import InputError
from rexnet_core.sources.registry import runs_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.records.subject import Question

#: Time that opening and counting one model may take [s]; importing torch and its packages is part of the first.
LIMIT_S = 180.0
_LOOK_S = 0.1
#: The longest answer about one model: ten times what the model with the most layers needs [bytes].
_MOST_BYTES = 32 * 2**20
_FILE = "answers.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the process that describes models may use.

    Args:
        threads: For each runtime.
        limit_s: For each model [s].
        memory_bytes: Resident memory; None for no limit.
    """

    threads: int = 1
    limit_s: float = LIMIT_S
    memory_bytes: int | None = None


def describe_models(
    questions: Sequence[Question],
    limits: Limits | None = None,
    *,
    tell: Callable[[Subject], None] = lambda _subject: None,
    strict: bool = True,
) -> list[Subject]:
    """What is known of each model, in the order of the questions.

    A model that runs code of its author's has a process to itself: what that code changes there reaches no other model.
    All others share one. A model that ends its process, or uses more than it may, has that as its fault; those after it
    are asked of another process.

    Args:
        questions: One for each model and input.
        limits: Of each process.
        tell: Called with each answer as soon as it is there.
        strict: Whether a name that is no model's is an error, or the fault of that model.

    Raises:
        InputError: There is no such model.
    """
    known: dict[Question, Subject] = {}
    for group in _share_out(questions):
        waiting = list(group)
        while waiting:
            for subject in _ask(tuple(waiting), limits or Limits(), strict=strict):
                known[waiting.pop(0)] = subject
                tell(subject)
    return [known[question] for question in questions]


def _share_out(questions: Sequence[Question]) -> list[list[Question]]:
    """The questions of each process."""
    groups: dict[str, list[Question]] = {}
    for question in dict.fromkeys(questions):
        groups.setdefault(question.model if runs_code(question.source) else "", []).append(question)
    return list(groups.values())


def list_names(source: str, patterns: Sequence[str], limits: Limits | None = None) -> list[str]:
    """The names of a source's models that fit any of the patterns, each once.

    Args:
        source: A key of `rexnet_core.sources.registry.LISTED`.
        patterns: Such as ``mobile*``, without the prefix of the source.
        limits: Of the process.

    Raises:
        InputError: The package is not there, or can't be imported.
    """
    asked = [{"source": source, "pattern": pattern} for pattern in patterns]
    lines: list[bytes] = []
    with _start(asked, limits or Limits()) as (child, path):
        try:
            lines += _follow(child, path, len(asked), limits or Limits())
            why = f"the process ended: {child.why_dead()}" if len(lines) < len(asked) else ""
        except (WorkerError, _BadAnswerError) as error:
            why = str(error)
    if why:
        raise InputError(f"the models of {source} can't be listed: {why}")
    return list(dict.fromkeys(name for line in lines for name in _read_answer(line)["names"]))


def _ask(questions: Sequence[Question], limits: Limits, *, strict: bool) -> Iterator[Subject]:
    """The answers of one process, at least one: the last is the fault of the model that ended it, if one did."""
    answered = 0
    with _start([asdict(question) for question in questions], limits) as (child, path):
        try:
            for line in _follow(child, path, len(questions), limits):
                yield _read(line, questions[answered], strict=strict)
                answered += 1
            why = f"the model ended its process: {child.why_dead()}"
        except (WorkerError, _BadAnswerError) as error:
            why = str(error)
        if answered < len(questions):
            lost = questions[answered]
            yield Subject(model=lost.model, source=lost.source, fault=("failed", why))


@contextlib.contextmanager
def _start(questions: Sequence[dict[str, Any]], limits: Limits) -> Iterator[tuple[Child, Path]]:
    """A process with its questions, and the file of its answers; it ends with the context."""
    with tempfile.TemporaryDirectory(prefix="rexbench-") as folder:
        path = Path(folder) / _FILE
        path.touch()
        child = Child(
            "bench.describe", [str(path)], threads=limits.threads, build=Build(), extra={}, answers=subprocess.DEVNULL
        )
        try:
            assert child.popen.stdin is not None
            with contextlib.suppress(BrokenPipeError):  # it has died already, and its exit code says why
                child.popen.stdin.write(json.dumps(questions).encode())
                child.popen.stdin.close()
            yield child, path
        finally:
            child.end()
            child.close()


def _follow(child: Child, path: Path, most: int, limits: Limits) -> Iterator[bytes]:
    """The lines of a process as it writes them, until there are as many as there may be, or it ends.

    Raises:
        WorkerError: It wrote no line within the time that a model has, or uses more memory than it may.
        _BadAnswerError: It wrote more than any answer has.
    """
    count, rest, end = 0, b"", time.monotonic() + limits.limit_s
    with path.open("rb") as file:
        ended = False
        while not ended and count < most:
            ended = child.wait(_LOOK_S) is not None
            *lines, rest = (rest + file.read(_MOST_BYTES)).split(b"\n")
            if len(rest) >= _MOST_BYTES:
                child.kill()
                raise _BadAnswerError("the model wrote without end to where its description belongs")
            for line in lines[: most - count]:
                count, end = count + 1, time.monotonic() + limits.limit_s
                yield line
            check_memory(child, limits.memory_bytes, "describe")
            if not ended and count < most and time.monotonic() >= end:
                child.kill()
                raise WorkerError("failed", f"opening and counting the model took longer than {limits.limit_s:g} s")


class _BadAnswerError(Exception):
    """A line that describes no model."""


def _read(line: bytes, question: Question, *, strict: bool) -> Subject:
    """The subject that a line describes.

    Raises:
        InputError: There is no such model, and that is an error.
        _BadAnswerError: The line does not answer the question: the model's code wrote it.
    """
    try:
        answer = _read_answer(line)
    except InputError as error:
        if strict:
            raise
        return Subject(model=question.model, source=question.source, fault=("failed", str(error)))
    try:
        subject = read_subject(answer)
    except SchemaError:
        subject = None
    if subject is None or (subject.model, subject.source) != (question.model, question.source):
        raise _BadAnswerError("the model wrote to where its description belongs, which can't be read")
    return subject


def _read_answer(line: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise _BadAnswerError("the model wrote to where its description belongs, which can't be read")
    if set(answer) == {"wrong"}:
        raise InputError(answer["wrong"])
    return answer
