"""What the documents of the three rank studies must be like: the columns of their tables, and what nests them."""

from __future__ import annotations

from typing import Any

from analysis.schema import Count, Maybe, NotNegative
from reports.rank.tables import TABLES
from reports.schema import describe_record, list_of

_TABLE = (dict[str, Any] | None, None)


def _rows(kind: str, table: str, *needed: str, **parts: Any) -> Any:
    return list_of(describe_record(table, TABLES[kind][table], needed, **parts), maybe=True)


_MEASURE = describe_record(
    "measure", TABLES["network"]["metrics"], ("metric", "centring"), flags=list_of(str, maybe=True)
)
_SPECTRUM = list_of(NotNegative | None, maybe=True)
_TAP = describe_record(
    "tap",
    TABLES["network"]["taps"],
    ("tap", "channels"),
    rows=(Count | list[_MEASURE] | None, None),  # type: ignore[valid-type]
    flags=list_of(str, maybe=True),
    measures=list_of(_MEASURE, maybe=True),
    uncentred=_SPECTRUM,
    centred=_SPECTRUM,
)
_MODEL = describe_record(
    "model",
    TABLES["network"]["models"],
    ("model",),
    taps=list_of(_TAP, maybe=True),
    blocks=_rows("network", "blocks", "block"),
    layers=_rows("network", "layers"),
    layer_times=_TABLE,
)
_PROTOCOL = describe_record(
    "protocol",
    name=str,
    setting=_TABLE,
    networks=(Count | None, None),
    stopped_by=(str | None, None),
    primary=(dict[str, str | None] | list[str | None] | None, None),
    cells=_rows("layers", "cells", "block", "activation", "metric", "centring", "tolerance"),
    bounds=_rows("layers", "bounds", "block"),
    overlay=_rows("layers", "overlay", "block", "activation"),
    distances=_rows("layers", "distances", "block"),
    exact=_rows("layers", "exact", "block", "activation"),
)
_PLACE = describe_record("place", rank=(Count | None, None), distance=(Maybe, None), setting=_TABLE)
_SEARCH = describe_record("search", TABLES["layers"]["search"], best=list_of(_PLACE, maybe=True))
_CLAIMS = ("claim", "text", "verdict")

SCHEMAS = {
    "layers": describe_record(
        "layers",
        protocols=list_of(_PROTOCOL, maybe=True),
        claims=_rows("layers", "claims", *_CLAIMS),
        sensitivity=_rows("layers", "sensitivity", "claim", "factor", "level", "held", "views"),
        sensitivity_setting=_TABLE,
        search=(_SEARCH | None, None),
        sign_map=_rows("layers", "sign_map", "block", "centring", "d_out"),
        sign_map_setting=_TABLE,
    ),
    "network": describe_record("network", models=list_of(_MODEL, maybe=True)),
    "trained": describe_record(
        "trained",
        stopped_by=(str | None, None),
        runs=_rows("trained", "runs", "network", "seed", "status"),
        summary=_rows("trained", "summary", "network"),
        pairs=_rows("trained", "pairs", "first", "second", "metric"),
        claims=_rows("trained", "claims", *_CLAIMS),
    ),
}
