"""The configuration file of a project: defaults and named presets, read and checked, never run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.planning.config.files import find_config, read_table
from bench.planning.config.presets import read_presets
from bench.planning.config.values import KeyedError, check_keys, check_text, one_of
from bench.planning.presets import PRESETS, Preset
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a project has configured: its file, preset and store, None where ours are used, and all presets by name."""

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


def load_config(named: str | None = None) -> Config:
    """The configuration in force: the file that was named, or the nearest from the current folder up.

    All of a file is checked, whether it is used or not.

    Raises:
        InputError: The file can't be read or breaks a rule; the message names the file and the key.
    """
    path = find_config(named)
    return _read_config(path) if path else EMPTY


def _read_config(path: Path) -> Config:
    prefix, table = read_table(path)
    try:
        checked = check_keys(table, {"preset": check_text, "store": check_text, "presets": read_presets})
        presets = {**PRESETS, **checked.pop("presets", {})}
        if "preset" in checked:
            check_keys({"preset": checked["preset"]}, {"preset": one_of("preset", presets)})
    except KeyedError as error:
        raise InputError(f"{path}: {prefix}{error}") from None
    except (InputError, ValueError) as error:  # Python refuses to write out a number of thousands of digits
        raise InputError(f"{path}: {error}") from None
    return Config(path=path, presets=presets, **checked)
