"""Rows of the trained check: runs, their means by network, differences paired by seed, and claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.rank.rows import part_of, setting_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analysis.study import Study
    from reports.rank.rows import Row


def table_rows(study: Study) -> dict[str, Iterable[Row]]:
    """Rows of every table of `tables.TABLES`."""
    document = study.payload
    tables: dict[str, Iterable[Row]] = {
        name: [dict(row) for row in part_of(document, name)] for name in ("runs", "summary", "pairs", "claims")
    }
    stopped = {"stopped by": document["stopped_by"]} if document.get("stopped_by") else {}
    return tables | {"settings": setting_rows("study", {**stopped, **study.settings})}
