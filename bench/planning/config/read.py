"""From a configuration file to presets and defaults; every error names the file and the key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.planning.config.files import read_table
from bench.planning.config.presets import read_presets
from bench.planning.config.values import KeyedError, check_keys, check_text, one_of
from bench.planning.presets import PRESETS, Preset
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


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


def read_config(path: Path) -> Config:
    """What a file configures, all of it checked whether it is used or not.

    Raises:
        InputError: The file can't be read, or a value or a name breaks a rule; the message names the file and the key.
    """
    prefix, table = read_table(path)
    try:
        return _read_document(path, table)
    except KeyedError as error:
        raise InputError(f"{path}: {prefix}{error}") from None
    except (InputError, ValueError) as error:  # Python refuses to write out a number of thousands of digits
        raise InputError(f"{path}: {error}") from None


def _read_document(path: Path, table: Any) -> Config:
    checked = check_keys(table, {"preset": check_text, "store": check_text, "presets": read_presets})
    presets = {**PRESETS, **checked.get("presets", {})}
    if "preset" in checked:
        check_keys({"preset": checked["preset"]}, {"preset": one_of("preset", presets)})
    return Config(path=path, preset=checked.get("preset"), store=checked.get("store"), presets=presets)
