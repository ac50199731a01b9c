"""From the text of a configuration file to presets and defaults; every error says on which line."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.planning.config.lines import find_line, longest_key
from bench.planning.config.presets import KEYS, read_preset
from bench.planning.config.values import MisplacedError, Place, check_table, check_text, one_of, show
from bench.planning.presets import PRESETS, Preset
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bench.planning.config.source import Source

_TOP = ("preset", "presets", "store")
#: Names of a key at most; ours have four. The parser takes time and memory with their square.
_MOST_NAMES = 32
#: Names go into the store, file names and command lines.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a project has configured.

    Args:
        path: The file; None where there is none.
        preset: Name of the preset where none is asked for; None for ours.
        store: URL of the store where none is asked for; None for ours.
        presets: Every preset by name, those that are built in first.
    """

    path: Path | None = None
    preset: str | None = None
    store: str | None = None
    presets: Mapping[str, Preset] = field(default_factory=lambda: PRESETS)

    def __str__(self) -> str:
        """Which file is used and what it adds."""
        if self.path is None:
            return "no configuration file"
        own = [name for name in self.presets if name not in PRESETS]
        words = [f"presets {', '.join(own)}"] if own else []
        words += [f"preset {self.preset} by default"] if self.preset else []
        words += ["a store of its own"] if self.store else []
        return f"{self.path}: {'; '.join(words) or 'nothing set'}"


EMPTY = Config()


def parse(source: Source) -> dict[str, Any]:
    """The file as plain values.

    Raises:
        InputError: It is no TOML, or too much of it.
    """
    if longest_key(source.text) > _MOST_NAMES:
        raise InputError(f"{source}: a key may have at most {_MOST_NAMES} names")
    try:
        return tomllib.loads(source.text)
    except RecursionError:
        raise InputError(f"{source}: tables and lists are nested too deeply") from None
    except ValueError as error:  # a number of thousands of digits is one, too
        why = " ".join(str(error).split())[:200]
        raise InputError(f"{source} must be TOML: {why if why.isprintable() else ascii(why)}") from None


def read_config(source: Source) -> Config:
    """What a file configures, all of it checked whether it is used or not.

    Raises:
        InputError: A value or a name breaks a rule; the message has its line.
    """
    document: Any = parse(source)
    try:
        return _read_document(source.path, _find_table(document, source.table), source.table)
    except MisplacedError as error:
        raise InputError(f"{source}, line {find_line(source.text, error.place)}: {error}") from None


def _find_table(document: Any, place: Place) -> Any:
    for depth, name in enumerate(place):
        document = check_table(place[:depth], document).get(name, {})
    return document


def _read_document(path: Path, document: Any, place: Place) -> Config:
    top = check_table(place, document, _TOP)
    presets = dict(PRESETS)
    for name, table in check_table((*place, "presets"), top.get("presets", {})).items():
        here = (*place, "presets", name)
        _check_name(here)
        presets[name] = read_preset(here, check_table(here, table, KEYS))
    return Config(
        path=path,
        preset=one_of("preset", presets)((*place, "preset"), top["preset"]) if "preset" in top else None,
        store=check_text((*place, "store"), top["store"]) if "store" in top else None,
        presets=presets,
    )


def _check_name(place: Place) -> None:
    name = place[-1]
    if name in PRESETS:
        raise MisplacedError(place, f"preset {name} is built in; choose another name")
    if not _PLAIN.fullmatch(name):
        raise MisplacedError(
            place, f"a preset's name must be at most 40 letters, digits, '-', '_' and '.', not {show(name)}"
        )
