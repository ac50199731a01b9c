"""The report on disk: one page, the tables as CSV, the figures as SVG and PNG, each replaced as a whole."""

from __future__ import annotations

import contextlib
import json
import tempfile
from typing import TYPE_CHECKING, Any

from reports import columns, figures, tables
from reports.html import render_page
from reports.html.conditions import footnote
from reports.placing import place_files
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from reports.tables import RunData

PAGE = "report.html"
MANIFEST = "csv/manifest.json"


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
    files = _render(run, top1 or {})
    drawn = {f"figures/{name}.{ending}" for name in figures.NAMES for ending in ("svg", "png")}
    place_files(files, drawn - set(files), out_dir)
    return out_dir / PAGE


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


def _render(run: RunData, top1: Mapping[str, tuple[float, str]]) -> dict[str, bytes]:
    """Every file of the report by its path in the folder."""
    frames = tables.all_frames(run)
    pictures = figures.plot_all(frames, footnote(run.info, frames["cases"]), top1)
    files = {
        f"csv/{name}.csv": frame.to_csv(index=False, lineterminator="\n").encode() for name, frame in frames.items()
    }
    files[MANIFEST] = json.dumps(_manifest(run, frames), indent=2).encode()
    for one in pictures:
        if one.svg:
            files |= {f"figures/{one.name}.svg": one.svg, f"figures/{one.name}.png": one.png}
    files[PAGE] = render_page(run, frames, pictures).encode()
    return files


def _manifest(run: RunData, frames: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """What the CSV files hold, for people and programs."""
    return {
        "format": "rexbench-csv",
        "format_version": columns.FORMAT_VERSION,
        "run": run.info.id,
        "files": {
            f"{name}.csv": {
                "rows": len(frame),
                "columns": [
                    {"name": column, "unit": columns.unit_of(column), "meaning": columns.TABLES[name][column]}
                    for column in frame.columns
                ],
            }
            for name, frame in frames.items()
        },
    }
