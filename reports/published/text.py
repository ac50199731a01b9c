"""Verdicts as text for a terminal: how many of each, what is not plainly reproduced and why, and each source."""

from __future__ import annotations

import re
import shutil
import textwrap
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.published.verdict import VERDICTS
from reports.published.amounts import name_metric, show_ours, show_printed
from reports.published.frames import published_frames
from reports.terminal import render_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from analysis.study import Study

    Row = Mapping[Any, Any]

#: Verdicts that take a reason, in the order shown.
_DOUBTED = ("explained", "contradicted", "open")
_SHORT_HEADS = ("repr", "expl", "contr", "open", "data", "hardw")
_NARROWEST, _WIDEST = 60, 140
_LONGEST_MODEL, _LONGEST_NUMBER, _LONGEST_REASON = 24, 24, 1000
_BRACKETS = re.compile(r"\s*\([^()]*\)")
_GAP, _REASON = "  ", " " * 6
#: Positions of printed and ours in a line.
_NUMBERS = (2, 3)


def render_published(
    study: Study, verdict: str | None = None, *, every_row: bool = False, width: int | None = None
) -> str:
    """The verdicts in short.

    Args:
        study: Of published numbers.
        verdict: Show only rows that have it, with the reasons; every verdict's counts stay.
        every_row: Show every row in a line, with a line of reason where it is not plainly reproduced.
        width: Of the terminal [characters]; None reads it.
    """
    rows = published_frames(study)["rows"]
    width = min(max(width or shutil.get_terminal_size().columns, _NARROWEST), _WIDEST)
    chosen = rows if verdict is None else rows[rows["verdict"] == verdict]
    tally = _tally(study, rows)
    parts = [_counts(tally, width)]
    if every_row:
        parts += [_listed(source, part, width) for source, part in chosen.groupby("source", sort=False)]
    else:
        names = _DOUBTED if verdict is None else (verdict,)
        parts += [_doubted(name, part, width) for name in names if len(part := chosen[chosen["verdict"] == name])]
    if len(chosen) == sum(tally.values()):
        parts.append(_sources(rows, width))
    return "\n\n".join("\n".join(lines) for part in parts if (lines := list(part)))


def shorten_text(text: str, width: int) -> str:
    """A text on one line of at most so many characters; what can't be printed becomes a space."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return plain if len(plain) <= width else plain[: width - 3].rstrip() + "..."


def shorten_source(source: str, width: int) -> str:
    """A publication in at most so many characters; what stands in brackets goes before anything else does."""
    return shorten_text(source if len(source) <= width else _BRACKETS.sub("", source), width)


def _tally(study: Study, rows: pd.DataFrame) -> dict[str, int]:
    """Number of rows by verdict, of all rows even where the study was cut down to some."""
    counts = study.payload.get("counts") or rows["verdict"].value_counts().to_dict()
    return {str(name): int(counts.get(name, 0)) for name in dict.fromkeys([*VERDICTS, *counts])}


def _counts(tally: Mapping[str, int], width: int) -> Iterator[str]:
    total = sum(tally.values())
    yield f"{total} published number{'' if total == 1 else 's'}"
    if total:
        wide, digits = max(map(len, tally)), len(str(total))
        for name, count in tally.items():
            head = f"{_GAP}{count:{digits}}  {shorten_text(name, wide):{wide}}"
            yield from _wrapped(VERDICTS.get(name, ""), width, f"{head}  ", " " * (len(head) + 2))


def _doubted(verdict: str, rows: pd.DataFrame, width: int) -> Iterator[str]:
    yield from _wrapped(VERDICTS.get(verdict, ""), width, f"{verdict}: ", _GAP)
    records = rows.to_dict("records")
    cells = [[*_cells(row), shorten_text(row["convention"], _LONGEST_MODEL)] for row in records]
    head, *lines = render_rows(("model", "metric", "printed", "ours", "counted as"), cells, right=_NUMBERS, indent=2)
    yield shorten_text(head, width)
    for row, line in zip(records, lines, strict=True):
        yield shorten_text(line, width)
        place = f"{shorten_source(row['source'], width)}: {_why(row)}".removesuffix(": ")
        yield from _wrapped(place, width, _REASON, _REASON)


def _listed(source: Any, rows: pd.DataFrame, width: int) -> Iterator[str]:
    yield shorten_source(str(source), width)
    records = rows.to_dict("records")
    lines = render_rows([""] * 5, [[*_cells(row), row["verdict"]] for row in records], right=_NUMBERS, indent=2)
    for row, line in zip(records, lines, strict=True):
        yield shorten_text(line, width)
        if row["verdict"] in _DOUBTED or not pd.isna(row["our_ratio"]):
            yield from _wrapped(_why(row), width, _REASON, _REASON)


def _cells(row: Row) -> list[str]:
    """Model, metric, printed and ours."""
    printed, unit, metric = (shorten_text(row[name], _LONGEST_NUMBER) for name in ("printed", "unit", "metric"))
    ours: str = "-" if pd.isna(row["ours"]) else show_ours(int(row["ours"]), printed, metric, unit)
    return [shorten_text(row["model"], _LONGEST_MODEL), name_metric(metric), show_printed(printed, unit), ours]


def _why(row: Row) -> str:
    return shorten_text(row["reason"], _LONGEST_REASON)


def _wrapped(text: str, width: int, first: str, rest: str) -> list[str]:
    """Lines of a text, with what stands before the first and before the others."""
    return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=rest) or [first.rstrip()]


def _sources(rows: pd.DataFrame, width: int) -> Iterator[str]:
    """One line per source; heads in full where there is room."""
    if rows.empty:
        return
    counts = pd.crosstab(rows["source"], rows["verdict"], dropna=False)
    names = list(dict.fromkeys(rows["source"]))
    first = max(6, *(len(shorten_text(name, _WIDEST)) for name in names))
    full = ["rows", *VERDICTS]
    heads = full if first + sum(len(head) + 2 for head in full) <= width else ["rows", *_SHORT_HEADS]
    first = min(first, width - sum(len(head) + 2 for head in heads))
    cells = []
    for name in names:
        numbers = [int(counts.loc[name].get(verdict, 0)) for verdict in VERDICTS]
        cells.append([shorten_source(name, first), *(str(count or ".") for count in (sum(numbers), *numbers))])
    yield from render_rows(["source", *heads], cells, right=range(1, len(heads) + 1))
