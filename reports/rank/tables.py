"""The columns of the rank tables."""

from __future__ import annotations

from reports.columns import load_tables

#: Kind of study, to file name without ``.csv``, to its columns in order.
TABLES = {kind: load_tables(kind) for kind in ("layers", "network", "trained")}
