"""Rows of the layer study: random layers and blocks, the paper's figure beside them, and what became of its claims."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.rank.rows import flatten, number, part_of, setting_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from analysis.study import Study
    from reports.rank.rows import Row

_METRIC = ("metric", "centring", "tolerance")
#: Tables of which every protocol has its own part.
_OF_PROTOCOL = ("bounds", "overlay", "distances", "exact")
#: What belongs to no protocol and has a setting of its own, and how the report calls it.
_OWN_SETTINGS = {"sensitivity_setting": "sensitivity", "sign_map_setting": "sign map"}


def table_rows(study: Study) -> dict[str, Iterable[Row]]:
    """Rows of every table of `tables.TABLES`."""
    document = study.payload
    protocols = part_of(document, "protocols")
    tables: dict[str, Iterable[Row]] = {
        name: [{**row, "protocol": protocol["name"]} for protocol in protocols for row in part_of(protocol, name)]
        for name in _OF_PROTOCOL
    }
    stopped = {"stopped by": "interrupted"} if study.stopped else {}
    return tables | {
        "cells": [row for protocol in protocols for row in _cell_rows(protocol)],
        "claims": [dict(row) for row in part_of(document, "claims")],
        "sensitivity": [
            {**row, "share": row["held"] / row["views"] if row["views"] else None}
            for row in part_of(document, "sensitivity")
        ],
        "search": _search_rows(document.get("search")),
        "sign_map": [{**row, "sign": sign_of(row)} for row in part_of(document, "sign_map")],
        "settings": [
            *setting_rows("study", stopped),
            *(row for protocol in protocols for row in _setting_rows(protocol)),
            *(row for name, part in _OWN_SETTINGS.items() for row in setting_rows(part, document.get(name))),
        ],
    }


def sign_of(row: Mapping[str, Any]) -> str:
    """``+`` or ``-`` where the interval excludes zero, ``0`` where it does not; empty where there is no interval."""
    low, high = number(row.get("low")), number(row.get("high"))
    if low > 0:
        return "+"
    if high < 0:
        return "-"
    return "0" if low <= 0 <= high else ""


def _primary(protocol: Mapping[str, Any]) -> tuple[str, ...]:
    """Metric, centring and tolerance that figure 1 and the claims are about."""
    given = protocol.get("primary") or ()
    values = [given.get(name) for name in _METRIC] if isinstance(given, dict) else given
    return tuple(str(value or "") for value in values)


def _cell_rows(protocol: Mapping[str, Any]) -> Iterator[Row]:
    primary = _primary(protocol)
    for row in part_of(protocol, "cells"):
        key = tuple(str(row.get(name) or "") for name in _METRIC)
        yield {**row, "protocol": protocol["name"], "primary": key == primary}


def _search_rows(search: Mapping[str, Any] | None) -> Iterator[Row]:
    for place, row in enumerate(part_of(search or {}, "best"), start=1):
        plain = {name: value for name, value in row.items() if name not in ("rank", "distance", "setting")}
        yield {
            "rank": row.get("rank", place),
            "distance": row.get("distance"),
            **{name: (search or {}).get(name) for name in ("settings_tried", "views_tried", "validated_distance")},
            **flatten(plain | (row.get("setting") or {})),
        }


def _setting_rows(protocol: Mapping[str, Any]) -> Iterator[Row]:
    progress = {"networks run": protocol.get("networks"), "stopped by": protocol.get("stopped_by")}
    primary = {"number shown": " ".join(_primary(protocol))}
    yield from setting_rows(str(protocol["name"]), {**progress, **primary, **(protocol.get("setting") or {})})
