"""The schema of all tables: frames, manifests and pages take a column's kind, meaning and unit from here."""

from __future__ import annotations

import csv
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from reports.texts import read_file
from rexnet_core.files import encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    #: Columns by name, in order. A name with ``*`` stands for all columns that fit the pattern.
    Table = Mapping[str, "Column"]

#: Changes when a column goes, or changes its meaning or unit; a new column does not change it.
FORMAT_VERSION = 1


class Column(NamedTuple):
    """One column.

    Args:
        kind: What a cell holds: text, bool, number, or whole, which is written without a decimal point even where some
            are missing; any value but a text may be missing.
        meaning: In words.
        unit: Empty for texts, counts and shares.
    """

    kind: str
    meaning: str
    unit: str = ""


def load_tables(kind: str) -> dict[str, Table]:
    """The tables of a kind of report by name, from ``data/KIND.csv``.

    A row without a kind repeats the column of that name that was described last above it.
    """
    tables: dict[str, dict[str, Column]] = {}
    described: dict[str, Column] = {}
    for row in csv.DictReader(read_file(f"data/{kind}.csv").splitlines()):
        name = row["column"]
        if row["kind"]:
            described[name] = Column(row["kind"], row["meaning"], row["unit"])
        tables.setdefault(row["table"], {})[name] = described[name]
    return dict(tables)


def find_column(table: Table, name: str) -> Column:
    """The column of that name, or of the first pattern that fits.

    Raises:
        KeyError: The table has no such column.
    """
    if name in table:
        return table[name]
    for pattern, column in table.items():
        if fnmatchcase(name, pattern):
            return column
    raise KeyError(name)


def make_frame(rows: Iterable[Mapping[str, Any]], table: Table) -> pd.DataFrame:
    """The rows as a frame with the columns of a table; a missing text is empty, another missing value is NaN or NA."""
    rows = [{name: _spell_out(value) for name, value in row.items()} for row in rows]
    frame = pd.DataFrame(rows, columns=list(dict.fromkeys(_names(rows, table))))
    for name, column in table.items():
        if name in frame:
            frame[name] = _cast(frame[name], column.kind)
    return frame


def _spell_out(value: Any) -> Any:
    """A path that is no text has halves of characters, which pandas refuses where pyarrow holds its texts."""
    return value if not isinstance(value, str) or value.isascii() else encode(value).decode()


def _names(rows: list[Mapping[str, Any]], table: Table) -> Iterator[str]:
    """Names in the order of the table; the columns of a pattern in the order of the rows."""
    for name in table:
        if "*" in name:
            yield from (key for row in rows for key in row if key not in table and fnmatchcase(key, name))
        else:
            yield name


def _cast(values: pd.Series, kind: str) -> pd.Series:
    missing = values.isna()
    if kind == "text":
        return values.astype(object).where(~missing, "").astype(str)
    if kind == "bool":
        return values.astype("boolean" if missing.any() else bool)
    return pd.to_numeric(values).astype("Int64" if kind == "whole" else "float64")
