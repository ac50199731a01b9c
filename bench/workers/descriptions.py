"""The parent's side of `bench.describe`: what models from elsewhere are, without importing or running them here."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.schema import SchemaError, read_as
from bench.records.subject import Subject
from bench.workers.child_process import Build, Child
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.records.subject import Question

#: Time that opening and counting one model may take [s]; importing torch and its packages is part of the first.
LIMIT_S = 180.0
_LOOK_S = 0.1


def describe_models(
    questions: Sequence[Question],
    *,
    threads: int = 1,
    limit_s: float = LIMIT_S,
    tell: Callable[[Subject], None] = lambda _subject: None,
    strict: bool = True,
) -> list[Subject]:
    """What is known of each model, in the order of the questions.

    A model that ends the process, or takes longer than its limit, has that as its fault; those after it are asked of
    another process.

    Args:
        questions: One for each model and input.
        threads: For the process.
        limit_s: For each model [s].
        tell: Called with each answer once it is there.
        strict: Whether a name that is no model's is an error, or the fault of that model.

    Raises:
        InputError: There is no such model.
    """
    subjects: list[Subject] = []
    while len(subjects) < len(questions):
        begun = len(subjects)
        for subject in _ask(questions[begun:], threads, limit_s, strict=strict):
            subjects.append(subject)
            tell(subject)
    return subjects


def list_names(source: str, patterns: Sequence[str], *, limit_s: float = LIMIT_S) -> list[str]:
    """The names of a source's models that fit any of the patterns, each once.

    Args:
        source: A key of `rexnet_core.sources.registry.LISTED`.
        patterns: Such as ``mobile*``, without the prefix of the source.
        limit_s: For importing the package and for each pattern [s].

    Raises:
        InputError: The package is not there, or can't be imported.
    """
    asked = [{"source": source, "pattern": pattern} for pattern in patterns]
    lines, why = _run(asked, 1, limit_s)
    if why:
        raise InputError(f"the models of {source} can't be listed: the process {why}")
    return list(dict.fromkeys(name for line in lines for name in _read_answer(line, strict=True)["names"]))


def _ask(questions: Sequence[Question], threads: int, limit_s: float, *, strict: bool) -> list[Subject]:
    """The answers of one process; the last is the fault of the model that ended it, if one did."""
    lines, why = _run([asdict(question) for question in questions], threads, limit_s)
    answers = [_read(line, question, strict=strict) for line, question in zip(lines, questions, strict=False)]
    if why:
        lost = questions[len(answers)]
        answers.append(Subject(model=lost.model, source=lost.source, fault=("failed", f"the model {why}")))
    return answers


def _run(questions: Sequence[dict[str, Any]], threads: int, limit_s: float) -> tuple[list[bytes], str]:
    """The lines that one process answers, and why it ended before it had answered all; empty where it had."""
    with tempfile.TemporaryDirectory(prefix="rexbench-") as folder:
        path = Path(folder) / "answers.jsonl"
        child = Child(
            "bench.describe", [str(path)], threads=threads, build=Build(), extra={}, answers=subprocess.DEVNULL
        )
        try:
            assert child.popen.stdin is not None
            child.popen.stdin.write(json.dumps(questions).encode())
            child.popen.stdin.close()
            late = _wait(child, path, limit_s)
            lines = _read_lines(path)
            if len(lines) == len(questions):
                return lines, ""
            return (
                lines,
                f"took longer than {limit_s:g} s to open" if late else f"ended its process: {child.why_dead()}",
            )
        finally:
            child.end()
            child.close()


def _wait(child: Child, path: Path, limit_s: float) -> bool:
    """Wait until the process ends, or no answer comes for longer than the limit; whether it was late."""
    known, end = 0, time.monotonic() + limit_s
    while child.wait(_LOOK_S) is None:
        if (now := len(_read_lines(path))) > known:
            known, end = now, time.monotonic() + limit_s
        if time.monotonic() >= end:
            child.kill()
            return True
    return False


def _read_lines(path: Path) -> list[bytes]:
    """The whole lines that are there so far."""
    return path.read_bytes().split(b"\n")[:-1] if path.exists() else []


def _read(line: bytes, question: Question, *, strict: bool) -> Subject:
    answer = _read_answer(line, strict=strict)
    if "wrong" in answer:
        return Subject(model=question.model, source=question.source, fault=("failed", str(answer["wrong"])))
    try:
        return read_as(Subject, answer)
    except SchemaError as error:
        raise InputError(f"what describes models answered what can't be read: {error}") from None


def _read_answer(line: bytes, *, strict: bool) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = json.loads(line)
    except ValueError as error:
        raise InputError(f"what describes models answered what can't be read: {error}") from None
    if strict and "wrong" in answer:
        raise InputError(str(answer["wrong"]))
    return answer
