"""A study's document as tidy frames, one per question; what is missing is NaN or empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from reports.rank import columns, layers, network, trained
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from reports.rank.rows import Row

    Tables = dict[str, Iterable[Row]]

#: The newest form of documents that this code knows.
DOCUMENT_FORMAT = 1
_ROWS: dict[str, Callable[[Mapping[str, Any]], Tables]] = {
    "layers": layers.table_rows,
    "network": network.table_rows,
    "trained": trained.table_rows,
}


def kind_of(document: Mapping[str, Any]) -> str:
    """Which study the document is of.

    Raises:
        InputError: It is of none that is known, or of a later form.
    """
    kind, form = document.get("kind"), document.get("format")
    if kind not in _ROWS:
        raise InputError(
            f"a rank report is of kind {', '.join(_ROWS)}; got {kind!r}; give the document of a rank study"
        )
    if not isinstance(form, int) or form < 1:
        raise InputError(
            f"the document of a rank study has a whole number as format; got {form!r}; run the study again"
        )
    if form > DOCUMENT_FORMAT:
        raise InputError(f"documents up to format {DOCUMENT_FORMAT} can be read; got {form}; update rexbench")
    return str(kind)


def rank_frames(document: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Every table of a study under the name of its CSV file, as in `columns.TABLES`.

    Args:
        document: What a rank study gave, as read from JSON.

    Raises:
        InputError: The document is of no known kind, of a later form, or not of the shape of its kind.
    """
    kind = kind_of(document)
    try:
        tables = _ROWS[kind](document)
        return {name: _frame(name, list(tables[name]), names) for name, names in columns.TABLES[kind].items()}
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise InputError(
            f"the document must have the shape of a rank study of kind {kind}; it gave {reason}; run the study again"
        ) from error


def meaning_of(kind: str, table: str, column: str) -> str:
    """What a column means; a search has columns of its own, one for each parameter it varied."""
    return columns.TABLES[kind][table].get(
        column, "parameter of the setting, as in settings, or the distance of that panel"
    )


def _frame(name: str, rows: list[Row], names: Mapping[str, str]) -> pd.DataFrame:
    known = list(names)
    # Only a search brings columns that are not known beforehand.
    extra = [key for key in dict.fromkeys(key for row in rows for key in row) if key not in names]
    frame = pd.DataFrame(rows, columns=[*known, *(extra if name == "search" else ())])
    for column in known:
        if column in columns.TEXT and column not in columns.NUMBERS.get(name, ()):
            frame[column] = frame[column].astype(object).where(frame[column].notna(), "").astype(str)
        elif column in columns.BOOLEAN:
            frame[column] = frame[column].astype(bool)
        else:
            frame[column] = pd.to_numeric(frame[column]).astype("Int64" if column in columns.WHOLE else "float64")
    return frame
