"""On which line of a TOML text a key is; the parser of the standard library does not tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Text in which brackets, equals signs and number signs mean nothing, and comments.
_QUIET = re.compile(r"'''.*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\"|\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'|#[^\n]*", re.DOTALL)
_NAME = r"[A-Za-z0-9_-]+"
_KEY = re.compile(rf"\s*({_NAME}(?:\s*\.\s*{_NAME})*)\s*=")
_TABLE = re.compile(rf"\s*\[\[?\s*({_NAME}(?:\s*\.\s*{_NAME})*)\s*\]")


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


def _keys(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Full name and line of each key and table that is written plainly."""
    table: tuple[str, ...] = ()
    depth = 0
    for number, line in enumerate(_QUIET.sub(_blank, text).split("\n"), start=1):
        rest = line
        if depth == 0:
            if header := _TABLE.match(line):
                table = _split(header[1])
                yield table, number
                continue
            if key := _KEY.match(line):
                yield (*table, *_split(key[1])), number
                rest = line[key.end() :]
        depth = max(0, depth + sum(rest.count(sign) for sign in "[{") - sum(rest.count(sign) for sign in "]}"))


def _blank(found: re.Match[str]) -> str:
    """What has as many lines and says nothing; a quoted name of the plain kind stays, without its quotes."""
    text = found[0]
    if re.fullmatch(rf"(['\"]){_NAME}\1", text):
        return text[1:-1]
    return "".join(sign if sign == "\n" else " " for sign in text)


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in dotted.split("."))
