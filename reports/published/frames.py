"""The document on published numbers as tidy frames; what is missing is NaN or empty."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.published.rounding import last_digit
from analysis.published.table import PublishedRow
from reports.published.columns import TABLES
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from reports.published.columns import Column

    Document = Mapping[str, Any]
    Row = Mapping[str, Any]

#: The newest form of documents that this code knows.
DOCUMENT_FORMAT = 1
#: The convention that others of the same quantity are compared with.
PLAIN = {"operations": "macs", "parameters": "params"}


def published_frames(document: Document) -> dict[str, pd.DataFrame]:
    """Every table under the name of its CSV file, as in `columns.TABLES`.

    Args:
        document: What `analysis.published.document.make_document` gave, as read from JSON.

    Raises:
        InputError: It is another document, of a later form, or not of that shape.
    """
    _check(document)
    try:
        return {name: _frame(_TABLES[name](document), names) for name, names in TABLES.items()}
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise InputError(
            f"the document must have the shape of one on published numbers; it gave {reason}; judge the numbers again"
        ) from error


def _check(document: Document) -> None:
    kind, form = document.get("kind"), document.get("format_version")
    if kind != "published":
        raise InputError(f"this report is of a document of kind published; got {kind!r}; give the one of published")
    if not isinstance(form, int) or not 1 <= form <= DOCUMENT_FORMAT:
        raise InputError(f"documents up to format {DOCUMENT_FORMAT} can be read; got {form!r}; update rexbench")


def _frame(rows: Iterable[Row], columns: Mapping[str, Column]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=list(columns))
    for name, column in columns.items():
        values = frame[name]
        if column.kind == "text":
            frame[name] = values.astype(object).where(values.notna(), "").astype(str)
        else:
            frame[name] = pd.to_numeric(values).astype("Int64" if column.kind == "whole" else "float64")
    return frame


def _rows(document: Document) -> Iterator[Row]:
    for row in document.get("rows", ()):
        yield {**row, "difference_last_digits": _in_last_digits(row)}


def _in_last_digits(row: Row) -> float | None:
    """The difference over what one unit of the last printed digit is worth; None where the number can't be read."""
    if row.get("difference") is None:
        return None
    texts = {field.name: str(row.get(field.name, "")) for field in fields(PublishedRow) if field.name != "line"}
    try:
        return float(row["difference"]) / float(last_digit(PublishedRow(**texts, line=0)))
    except (ArithmeticError, KeyError):
        return None


def _totals(document: Document) -> Iterator[Row]:
    plain = {one["model"]: one["total"] for one in _explored(document) if one["convention"] == PLAIN["operations"]}
    for one in _explored(document):
        macs = plain.get(one["model"]) if one["quantity"] == "operations" else None
        uncounted = "; ".join(one["uncounted"])
        yield {**one, "ratio_to_macs": one["total"] / macs if macs else None, "uncounted": uncounted}


def _operators(document: Document) -> Iterator[Row]:
    for one in _explored(document):
        yield from ({**one, "operator": name, "amount": amount} for name, amount in one["operators"].items())


def _groups(document: Document) -> Iterator[Row]:
    groups = {(one["model"], one["convention"]): one["groups"] for one in _explored(document)}
    for one in _explored(document):
        plain = groups.get((one["model"], PLAIN.get(one["quantity"], "")))
        for name in dict.fromkeys([*one["groups"], *(plain or {})]):
            amount = one["groups"].get(name, 0)
            share = amount / one["total"] if one["total"] else None
            difference = None if plain is None else amount - plain.get(name, 0)
            yield {**one, "group": name, "amount": amount, "share": share, "difference_to_plain": difference}


def _uses(document: Document) -> Iterator[Row]:
    """A verdict that no row has is not in the document; here it is 0."""
    none = dict.fromkeys(("reproduced", "explained", "contradicted", "open"), 0)
    yield from ({**none, **one} for one in document.get("uses", ()))


def _explored(document: Document) -> list[Row]:
    return list(document.get("explorer", ()))


_TABLES: dict[str, Callable[[Document], Iterable[Row]]] = {
    "rows": _rows,
    "totals": _totals,
    "operators": _operators,
    "groups": _groups,
    "conventions": lambda document: document.get("conventions", ()),
    "uses": _uses,
}
