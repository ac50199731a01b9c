"""The report of a run on disk, and whether its folder will take it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.files.bundle import place_report
from reports.run import columns, figures
from reports.run.conditions import footnote
from reports.run.frames import all_frames
from reports.run.page import render_page

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reports.run.data import RunData


def write_report(run: RunData, out_dir: Path, top1: Mapping[str, tuple[float, str]] | None = None) -> Path:
    """Write ``report.html``, ``csv/`` and ``figures/``, replacing those of an earlier report.

    Args:
        run: What was measured; it may be empty.
        out_dir: Folder, made if it is not there.
        top1: Model name to published top-1 accuracy [%] and its source.

    Returns:
        The path of the page.

    Raises:
        InputError: The folder can't be written, or is full; an earlier report there stays as it was.
    """
    frames = all_frames(run)
    pictures = figures.plot_all(frames, footnote(run.info, frames["cases"]), top1 or {})
    return place_report(
        out_dir,
        page=render_page(run, frames, pictures),
        frames=frames,
        pictures=pictures,
        head={"format": "rexbench-csv", "format_version": columns.FORMAT_VERSION, "run": run.info.id},
        describe=lambda table, column: (columns.unit_of(column), columns.TABLES[table][column]),
        known=figures.NAMES,
    )
