"""Which configuration file is used, and its text: bounded, from regular files only."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from bench.planning.config.read import parse
from bench.planning.config.source import _MOST_BYTES, NAME, PYPROJECT, Source, _shown
from rexnet_core.errors import InputError


def find_config(named: str | None) -> Source | None:
    """The file that was named, or the nearest in the current folder and its parents; None where there is none.

    Parents are looked into up to the root of the repository and no further; outside of one, only the current folder is:
    what lies higher up is not the project's.

    Args:
        named: Path of a file; None to look for one.

    Raises:
        InputError: It can't be read.
    """
    if named is not None:
        return _read(Path(named))
    try:
        current = Path.cwd()
    except OSError as error:
        raise InputError(f"the current folder must be there; {error.strerror}, change into another") from None
    for folder in _folders(current):
        if os.path.lexists(folder / NAME):
            return _read(folder / NAME)
        if os.path.lexists(folder / PYPROJECT):
            source = _read(folder / PYPROJECT)
            if "rexbench" in source.text and _has_table(source):
                return source
    return None


def _folders(current: Path) -> list[Path]:
    upwards = [current, *current.parents]
    for count, folder in enumerate(upwards, start=1):
        if (folder / ".git").exists():
            return upwards[:count]
    return [current]


def _has_table(source: Source) -> bool:
    tool = parse(source).get("tool", {})
    return isinstance(tool, dict) and "rexbench" in tool


def _read(path: Path) -> Source:
    """The text of a file.

    Raises:
        InputError: It is no regular file of text, too large, or not to be read.
    """
    try:
        # Opening a pipe without a writer would wait for one.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise InputError(f"a configuration must be a regular file; {_shown(path)} is none")
            data = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"can't read the configuration {_shown(path)}: {why}") from None
    if len(data) > _MOST_BYTES:
        raise InputError(f"a configuration must be at most {_MOST_BYTES // 1024} KiB; {_shown(path)} is larger")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(f"{_shown(path)}, line {line}: a configuration must be UTF-8 text, this is not") from None
    return Source(path=path, text=text, table=("tool", "rexbench") if path.name == PYPROJECT else ())
