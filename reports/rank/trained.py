"""Rows of the trained check: runs, their means by network, differences paired by seed, and claims."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.rank.rows import part_of, setting_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reports.rank.rows import Row


def table_rows(document: Mapping[str, Any]) -> dict[str, Iterable[Row]]:
    """Rows of every table of `columns.TABLES`."""
    found: dict[str, Iterable[Row]] = {
        name: [dict(row) for row in part_of(document, name)] for name in ("runs", "summary", "pairs", "claims")
    }
    said = {"stopped by": document["stopped_by"]} if document.get("stopped_by") else {}
    return found | {"settings": setting_rows("study", said | (document.get("setting") or {}))}
