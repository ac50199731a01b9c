"""What stored studies must be like for their reports: the columns of the tables are the schema of the rows, too."""

from __future__ import annotations

from types import GenericAlias
from typing import TYPE_CHECKING, Any

import msgspec

from analysis.schema import Count, Maybe

if TYPE_CHECKING:
    from collections.abc import Collection

    from reports.columns import Table

#: Kind of a column to what a stored cell may be; any but those that a reader needs may be missing.
_CELLS: dict[str, Any] = {
    "text": str | int | float | bool | None,
    "number": Maybe,
    "whole": Count | None,
    "bool": bool | None,
}
#: Texts that a reader needs.
_NEEDED = {"text": str, "whole": Count}


def describe_record(name: str, table: Table | None = None, needed: Collection[str] = (), /, **parts: Any) -> Any:
    """The schema of a stored record; names that it does not know may be there as well.

    Args:
        name: Of the record.
        table: Its columns; each may be missing.
        needed: Columns that a reader takes for granted.
        parts: Further names with their types, in place of a column of the same name; a tuple has a type and a default.
    """
    fields: dict[str, Any] = {}
    for column, described in (table or {}).items():
        if column.isidentifier():
            fields[column] = (_NEEDED[described.kind],) if column in needed else (_CELLS[described.kind], None)
    fields |= {column: kind if isinstance(kind, tuple) else (kind,) for column, kind in parts.items()}
    return msgspec.defstruct(name, [(column, *kind) for column, kind in fields.items()], kw_only=True)


def list_of(kind: Any, *, maybe: bool = False) -> Any:
    """The type of a list of such records; where `maybe`, with its default, as it may be missing or none."""
    many = GenericAlias(list, (kind,))
    return (many | None, None) if maybe else many


def mapping_of(kind: Any) -> Any:
    """The type of a table with values of that kind."""
    return GenericAlias(dict, (str, kind))
