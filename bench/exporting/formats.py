"""What each format of artefacts is, and what it can have; ``formats.toml`` lists them. No torch here."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format of artefacts.

    Args:
        words: What it is called.
        backend: Whose conversion and quantiser make the network in it, and whose rows are about it.
        runtime: The package that runs it.
        writer: The module of this package that writes and opens it.
        precisions: That it can have.
        forms: Of the models that can become it, as their sources give them.
        converts: Whether the backend writes the network before the preprocessing is put around it.
        resizes: Whether pictures can be resized inside.
        machine_code: Whether it runs on processors like the one that made it alone.
    """

    words: str
    backend: str
    runtime: str
    writer: str
    precisions: tuple[str, ...] = ("fp32",)
    forms: tuple[str, ...] = ("module",)
    converts: bool = False
    resizes: bool = False
    machine_code: bool = False


def _read(path: Path) -> dict[str, Format]:
    table: dict[str, dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: Format(**_freeze(row)) for name, row in table.items()}


def _freeze(row: dict[str, Any]) -> dict[str, Any]:
    """The row with tuples in place of lists."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}


FORMATS: Mapping[str, Format] = _read(Path(__file__).with_suffix(".toml"))
