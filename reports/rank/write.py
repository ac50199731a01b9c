"""A rank report on disk: page, tables, figures and the whole document, each replaced as a whole."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.answer import render_json
from reports.figures.rank import plot_rank
from reports.html.rank import render_rank_page
from reports.rank import columns
from reports.rank.frames import kind_of, meaning_of, rank_frames
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from reports.figures import Picture

PAGE = "report.html"
MANIFEST = "csv/manifest.json"
DOCUMENT = "result.json"
_ENDINGS = ("svg", "png")


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
    files = _render(document)
    try:
        out.mkdir(parents=True, exist_ok=True)
        # Beside its target, so that the last step is a rename within one file system.
        staging = Path(tempfile.mkdtemp(prefix=".report-", dir=out))
        try:
            _replace(files, staging, out)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise InputError(
            f"the report's folder must be writable and have room: {str(out)!r} gave {error.strerror or error}; "
            "name another folder or make room"
        ) from error
    return out / PAGE


def _render(document: Mapping[str, Any]) -> dict[str, bytes]:
    """Every file of the report by its path in the folder; the page last, as it stands for the whole."""
    kind, frames = kind_of(document), rank_frames(document)
    pictures = plot_rank(kind, frames)
    files = {DOCUMENT: render_json(document).encode()}
    files |= {
        f"csv/{name}.csv": frame.to_csv(index=False, lineterminator="\n").encode() for name, frame in frames.items()
    }
    for one in pictures:
        if one.svg:
            files |= {f"figures/{one.name}.svg": one.svg, f"figures/{one.name}.png": one.png}
    files[MANIFEST] = json.dumps(_manifest(kind, frames, pictures), indent=2).encode()
    files[PAGE] = render_rank_page(kind, frames, pictures).encode()
    return files


def _manifest(kind: str, frames: Mapping[str, pd.DataFrame], pictures: list[Picture]) -> dict[str, Any]:
    """What the CSV files hold, for people and programs, and which figures belong to the report."""
    return {
        "format": "rexbench-rank-csv",
        "format_version": columns.FORMAT_VERSION,
        "kind": kind,
        "files": {
            f"{name}.csv": {
                "rows": len(frame),
                "columns": [
                    {
                        "name": column,
                        "unit": columns.UNITS.get(column, ""),
                        "meaning": meaning_of(kind, name, column),
                    }
                    for column in frame.columns
                ],
            }
            for name, frame in frames.items()
        },
        "figures": [one.name for one in pictures if one.svg],
    }


def _replace(files: Mapping[str, bytes], staging: Path, out: Path) -> None:
    """Write everything aside, then move it into place; figures and tables of the earlier report that are gone go."""
    stale = _written_before(out) - set(files)
    for name, content in files.items():
        path = staging / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    for name in files:
        (out / name).parent.mkdir(exist_ok=True)
        (staging / name).replace(out / name)
    for name in stale:
        (out / name).unlink(missing_ok=True)


def _written_before(out: Path) -> set[str]:
    """Files that the manifest in the folder names as its own, as plain names within their folders."""
    try:
        manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
        tables = {f"csv/{Path(name).name}" for name in manifest["files"]}
        drawn = {f"figures/{Path(name).name}.{ending}" for name in manifest["figures"] for ending in _ENDINGS}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    return tables | drawn
