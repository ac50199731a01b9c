"""A rank study as tidy frames, one per question; what is missing is NaN, NA or empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.columns import make_frame
from reports.rank import layers, network, trained
from reports.rank.columns import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd

    from analysis.study import Study
    from reports.rank.rows import Row

_ROWS: dict[str, Callable[[Study], dict[str, Iterable[Row]]]] = {
    "layers": layers.table_rows,
    "network": network.table_rows,
    "trained": trained.table_rows,
}


def rank_frames(study: Study) -> dict[str, pd.DataFrame]:
    """Every table of a rank study under the name of its CSV file, as in `columns.TABLES`."""
    rows = _ROWS[study.kind](study)
    return {name: make_frame(rows[name], table) for name, table in TABLES[study.kind].items()}
