"""A study of published numbers as tidy frames; what is missing is NaN or empty."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from analysis.published.rounding import last_digit
from analysis.published.table import PublishedRow
from analysis.schema import Count
from reports.columns import load_tables, make_frame
from reports.schema import describe_record, list_of, mapping_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import pandas as pd

    from analysis.study import Study

    Document = Mapping[str, Any]
    Row = Mapping[str, Any]

#: File name without ``.csv`` to its columns in order.
TABLES = load_tables("published")
_AMOUNTS = mapping_of(Count)
_EXPLORED = describe_record(
    "explored",
    TABLES["totals"],
    ("model", "convention", "quantity", "height", "width", "total"),
    groups=_AMOUNTS,
    operators=_AMOUNTS,
    uncounted=list[str],
)
_ROW = describe_record("row", TABLES["rows"], ("source", "model", "metric", "printed", "unit", "verdict"))
_CONVENTION = describe_record("convention", TABLES["conventions"], ("name", "title", "counts", "leaves_out"))
_USE = describe_record("use", TABLES["uses"], ("source", "metric", "convention", "rows"))
SCHEMA = describe_record(
    "published",
    counts=(dict[str, Count], {}),
    rows=(list_of(_ROW), []),
    conventions=(list_of(_CONVENTION), []),
    uses=(list_of(_USE), []),
    explorer=(list_of(_EXPLORED), []),
)
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
    plain = {
        count["model"]: count["total"] for count in _explored(document) if count["convention"] == PLAIN["operations"]
    }
    for count in _explored(document):
        macs = plain.get(count["model"]) if count["quantity"] == "operations" else None
        uncounted = "; ".join(count["uncounted"])
        yield {**count, "ratio_to_macs": count["total"] / macs if macs else None, "uncounted": uncounted}


def _operators(document: Document) -> Iterator[Row]:
    for count in _explored(document):
        yield from ({**count, "operator": name, "amount": amount} for name, amount in count["operators"].items())


def _groups(document: Document) -> Iterator[Row]:
    groups = {(count["model"], count["convention"]): count["groups"] for count in _explored(document)}
    for count in _explored(document):
        plain = groups.get((count["model"], PLAIN.get(count["quantity"], "")))
        for name in dict.fromkeys([*count["groups"], *(plain or {})]):
            amount = count["groups"].get(name, 0)
            share = amount / count["total"] if count["total"] else None
            difference = None if plain is None else amount - plain.get(name, 0)
            yield {**count, "group": name, "amount": amount, "share": share, "difference_to_plain": difference}


def _uses(document: Document) -> Iterator[Row]:
    """Counts with every verdict: a verdict that no row has is missing in the document and is 0 here."""
    none = dict.fromkeys(("reproduced", "explained", "contradicted", "open"), 0)
    yield from ({**none, **count} for count in document.get("uses", ()))


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
