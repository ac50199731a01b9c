"""A census as tidy frames; what is missing is NaN, NA or empty."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from analysis.schema import Count
from reports.census.statuses import LOOKS
from reports.columns import load_tables, make_frame
from reports.schema import describe_record, list_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from analysis.study import Study

    Row = Mapping[str, Any]

TABLES = load_tables("census")
_ROW = describe_record("row", TABLES["rows"], ("model", "source", "family", "backend", "status", "reason"))
SCHEMA = describe_record("census", listed=(Count, 0), checked=(Count, 0), rows=(list_of(_ROW), []))
_NUMBER = re.compile(r"(?<![\w.])\d[\d.]*(?:e[+-]?\d+)?(?: ?%)?")
_LONGEST, _EXAMPLES = 240, 5


def census_frames(study: Study) -> dict[str, pd.DataFrame]:
    """One row per model and backend; one per family and backend; and one per backend and kind of reason."""
    rows: list[Row] = study.payload.get("rows", [])
    made = {"rows": rows, "families": _count_families(rows), "reasons": _group_reasons(rows)}
    return {name: make_frame(made[name], table) for name, table in TABLES.items()}


def _count_families(rows: Sequence[Row]) -> Iterator[Row]:
    counts: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(lambda: dict.fromkeys(LOOKS, 0))
    for row in rows:
        own = counts[row["family"], row["backend"]]
        own[row["status"]] = own.get(row["status"], 0) + 1
    for (family, backend), own in counts.items():
        yield {"family": family, "backend": backend, "models": sum(own.values()), **own}


def _group_reasons(rows: Sequence[Row]) -> list[Row]:
    models: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    for row in rows:
        if row["reason"]:
            models[row["backend"], row["status"], _name_kind(row)].append(row["model"])
    groups = [
        {"backend": backend, "status": status, "kind": kind, "models": len(names), "examples": _list(names)}
        for (backend, status, kind), names in models.items()
    ]
    return sorted(groups, key=lambda group: -group["models"])


def _name_kind(row: Row) -> str:
    reason = row["reason"].replace(row["model"], "the model")
    return _NUMBER.sub("#", reason)[:_LONGEST]


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - _EXAMPLES} more" if len(names) > _EXAMPLES else ""
    return ", ".join(names[:_EXAMPLES]) + more
