"""The report of a run on disk, and whether its folder will take it."""

from __future__ import annotations

import contextlib
import tempfile
from typing import TYPE_CHECKING

from reports import columns, figures, tables
from reports.bundle import place_report
from reports.html import render_page
from reports.html.conditions import footnote
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reports.tables import RunData


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
    frames = tables.all_frames(run)
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


def check_writable(folder: Path) -> None:
    """Find out before the first second is spent, not after the last, that a report has no place.

    Raises:
        InputError: The folder can't be made or written to.
    """
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder) as probe:
            probe.write(b"x" * 4096)
            probe.flush()
    except OSError as error:
        raise InputError(f"the report needs a folder it can write to; {folder}: {error.strerror}") from None
    finally:
        for one in made:  # a call that is refused after this must leave nothing behind
            with contextlib.suppress(OSError):
                one.rmdir()
