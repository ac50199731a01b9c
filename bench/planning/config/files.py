"""Which configuration file is used, and its table that belongs to rexbench; what can't be read is an `InputError`."""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path
from typing import Any

from rexnet_core.errors import InputError

_NAME, _PYPROJECT = "rexbench.toml", "pyproject.toml"


def find_config(named: str | None) -> Path | None:
    """The file that was named, or the nearest in the current folder and its parents; None where there is none.

    Parents are searched up to the root of the repository. Outside of a repository only the current folder is: what
    lies higher up does not belong to the project.
    """
    if named is not None:
        return Path(named)
    try:
        current = Path.cwd()
    except OSError as error:
        raise InputError(f"the current folder must be there; {error.strerror}, change into another") from None
    for folder in _list_folders(current):
        if os.path.lexists(folder / _NAME):
            return folder / _NAME
        if os.path.lexists(folder / _PYPROJECT) and _configures(folder / _PYPROJECT):
            return folder / _PYPROJECT
    return None


def _list_folders(current: Path) -> list[Path]:
    upwards = [current, *current.parents]
    for count, folder in enumerate(upwards, start=1):
        if (folder / ".git").exists():
            return upwards[:count]
    return [current]


def _configures(pyproject: Path) -> bool:
    """Whether a ``pyproject.toml`` has our table; one that never says rexbench may even be no TOML."""
    return b"rexbench" in _read(pyproject) and "rexbench" in _find_tools(pyproject)


def read_table(path: Path) -> tuple[str, Any]:
    """Our table of a file, and the prefix of its keys in messages: all of ``rexbench.toml``, with an empty prefix."""
    if path.name != _PYPROJECT:
        return "", _parse(path)
    return "tool.rexbench.", _find_tools(path).get("rexbench", {})


def _find_tools(pyproject: Path) -> dict[str, Any]:
    tools = _parse(pyproject).get("tool", {})
    return tools if isinstance(tools, dict) else {}


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_read(path).decode())
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} must be TOML: {error}") from None


def _read(path: Path) -> bytes:
    """The content of a regular file; a pipe or a device may never end."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(f"a configuration must be a regular file, {path} is not")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise InputError(f"can't read the configuration {path}: {getattr(error, 'strerror', error)}") from None
