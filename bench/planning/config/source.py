"""The text of a configuration file, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NAME, PYPROJECT = "rexbench.toml", "pyproject.toml"


#: More than any project needs, and little enough for a parser that is slow on hostile text [bytes].
_MOST_BYTES = 128 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A configuration file: where it is, its text, and the table of it that is ours, empty for all of it."""

    path: Path
    text: str
    table: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The path, on one line whatever it holds."""
        return _shown(self.path)


def _shown(path: Path) -> str:
    """A path that stays on its line, whatever it holds."""
    text = str(path)
    return text if text.isprintable() else repr(text)
