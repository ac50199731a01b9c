"""The report of published numbers on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.json_values import render_json
from reports.files.bundle import place_report
from reports.published import columns
from reports.published.figures import plot_published
from reports.published.frames import published_frames
from reports.published.page import render_published_page

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DOCUMENT = "result.json"


def write_published_report(document: Mapping[str, Any], out_dir: Path) -> Path:
    """Write ``report.html``, ``csv/``, ``figures/`` and ``result.json``, replacing those of an earlier report.

    Args:
        document: What `analysis.published.document.make_document` gave, as read from JSON.
        out_dir: Folder, made if it is not there.

    Returns:
        The path of the page.

    Raises:
        InputError: It is another document, or the folder can't be written; an earlier report stays.
    """
    frames = published_frames(document)
    pictures = plot_published(frames)
    return place_report(
        out_dir,
        page=render_published_page(frames, pictures),
        frames=frames,
        pictures=pictures,
        head={"format": "rexbench-published-csv", "format_version": columns.FORMAT_VERSION},
        describe=_describe,
        others={DOCUMENT: render_json(document)},
    )


def _describe(table: str, column: str) -> tuple[str, str]:
    known = columns.TABLES[table][column]
    return known.unit, known.meaning
