"""A rank report on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.json_values import render_json
from reports.files.bundle import place_report
from reports.rank import columns
from reports.rank.figures import plot_rank
from reports.rank.frames import kind_of, meaning_of, rank_frames
from reports.rank.page import render_rank_page

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DOCUMENT = "result.json"


def write_rank_report(document: Mapping[str, Any], out: Path) -> Path:
    """Write ``report.html``, ``csv/``, ``figures/`` and ``result.json``, replacing those of an earlier rank report.

    Args:
        document: What a rank study gave, as read from JSON.
        out: Folder, made if it is not there.

    Returns:
        The path of the page.

    Raises:
        InputError: The document is of no known kind or form, or the folder can't be written; an earlier report stays.
    """
    kind, frames = kind_of(document), rank_frames(document)
    pictures = plot_rank(kind, frames)
    return place_report(
        out,
        page=render_rank_page(kind, frames, pictures),
        frames=frames,
        pictures=pictures,
        head={"format": "rexbench-rank-csv", "format_version": columns.FORMAT_VERSION, "kind": kind},
        describe=lambda table, column: (columns.UNITS.get(column, ""), meaning_of(kind, table, column)),
        others={DOCUMENT: render_json(document)},
    )
