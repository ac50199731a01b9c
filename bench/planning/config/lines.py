"""On which line of a TOML text a key is; the parser of the standard library does not tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Text in which brackets, equals signs and number signs mean nothing, and comments. A long text may end with quotes of
#: its own before the three that close it.
_QUIET = re.compile(r"'''.*?'{3,5}|\"\"\"(?:\\.|[^\\])*?\"{3,5}|\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'|#[^\n]*", re.DOTALL)
#: A plain name, or the number of a quoted one between two signs that no TOML may hold.
_NAME = r"(?:[A-Za-z0-9_-]+|\0[0-9]+\0)"
_KEY = re.compile(rf"\s*({_NAME}(?:\s*\.\s*{_NAME})*)\s*=")
_TABLE = re.compile(rf"\s*\[\[?\s*({_NAME}(?:\s*\.\s*{_NAME})*)\s*\]")
#: What a key of several names can't hold between its first and its last.
_BETWEEN_KEYS = re.compile(r"[^\w \t.-]+")


def find_line(text: str, path: Sequence[str]) -> int:
    """The line of a key, from 1; that of the nearest table above it where it is written in an unusual way.

    Args:
        text: TOML that parses.
        path: Names from the outermost table to the key.
    """
    lines: dict[tuple[str, ...], int] = {}
    for names, line in _keys(text):
        for depth in range(1, len(names) + 1):
            lines.setdefault(names[:depth], line)
    found = (lines[tuple(path[:depth])] for depth in range(len(path), 0, -1) if tuple(path[:depth]) in lines)
    return next(found, 1)


def longest_key(text: str) -> int:
    """How many names the longest key has, or more: each of them costs the parser as much as all before it.

    Args:
        text: Anything.
    """
    return 1 + max(piece.count(".") for piece in _BETWEEN_KEYS.split(_QUIET.sub("_", text)))


def _keys(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Full name and line of each key and table that is written plainly."""
    table: tuple[str, ...] = ()
    depth = 0
    quoted: list[str] = []
    for number, line in enumerate(_QUIET.sub(lambda found: _blank(found[0], quoted), text).split("\n"), start=1):
        rest = line
        if depth == 0:
            if header := _TABLE.match(line):
                table = _split(header[1], quoted)
                yield table, number
                continue
            if key := _KEY.match(line):
                yield (*table, *_split(key[1], quoted)), number
                rest = line[key.end() :]
        depth = max(0, depth + sum(rest.count(sign) for sign in "[{") - sum(rest.count(sign) for sign in "]}"))


def _blank(text: str, quoted: list[str]) -> str:
    """What has as many lines and says nothing; a text on one line may be a name, and is put aside with its number."""
    if text[0] == "#" or text.startswith(("'''", '"""')):
        return "\n" * text.count("\n")
    quoted.append(text[1:-1])
    return f"\0{len(quoted) - 1}\0"


def _split(dotted: str, quoted: Sequence[str]) -> tuple[str, ...]:
    """The names of a key; a quoted one with its own dots."""
    names = (name.strip() for name in dotted.split("."))
    return tuple(quoted[int(name[1:-1])] if name[0] == "\0" else name for name in names)
