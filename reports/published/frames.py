"""A study of published numbers as tidy frames; what is missing is NaN or empty."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from analysis.published.rounding import last_digit
from analysis.published.table import PublishedRow
from reports.columns import load_tables, make_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import pandas as pd

    from analysis.study import Study

    Document = Mapping[str, Any]
    Row = Mapping[str, Any]

#: File name without ``.csv`` to its columns in order.
TABLES = load_tables("published")
#: The convention that others of the same quantity are compared with.
PLAIN = {"operations": "macs", "parameters": "params"}


def published_frames(study: Study) -> dict[str, pd.DataFrame]:
    """Every table under the name of its CSV file, as in `TABLES`."""
    return {name: make_frame(_ROWS[name](study.payload), table) for name, table in TABLES.items()}


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


_ROWS: dict[str, Callable[[Document], Iterable[Row]]] = {
    "rows": _rows,
    "totals": _totals,
    "operators": _operators,
    "groups": _groups,
    "conventions": lambda document: document.get("conventions", ()),
    "uses": _uses,
}
