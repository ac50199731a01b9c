"""The report of published numbers on disk: page, tables, figures and the whole document, each replaced as a whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.answer import render_json
from reports.figures.published import plot_published
from reports.html.published import render_published_page
from reports.placing import place_files
from reports.published import columns
from reports.published.frames import published_frames

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from reports.figures import Picture

PAGE = "report.html"
MANIFEST = "csv/manifest.json"
DOCUMENT = "result.json"
_ENDINGS = ("svg", "png")


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
    files = _render(document)
    place_files(files, _written_before(out_dir) - set(files), out_dir)
    return out_dir / PAGE


def _render(document: Mapping[str, Any]) -> dict[str, bytes]:
    """Every file of the report by its path in the folder; the page last, as it stands for the whole."""
    frames = published_frames(document)
    pictures = plot_published(frames)
    files = {DOCUMENT: render_json(document).encode()}
    files |= {
        f"csv/{name}.csv": frame.to_csv(index=False, lineterminator="\n").encode() for name, frame in frames.items()
    }
    for one in pictures:
        if one.svg:
            files |= {f"figures/{one.name}.svg": one.svg, f"figures/{one.name}.png": one.png}
    files[MANIFEST] = json.dumps(_manifest(frames, pictures), indent=2).encode()
    files[PAGE] = render_published_page(frames, pictures).encode()
    return files


def _manifest(frames: Mapping[str, pd.DataFrame], pictures: list[Picture]) -> dict[str, Any]:
    """What the CSV files hold, for people and programs, and which figures belong to the report."""
    return {
        "format": "rexbench-published-csv",
        "format_version": columns.FORMAT_VERSION,
        "files": {
            f"{name}.csv": {
                "rows": len(frame),
                "columns": [
                    {"name": column, "unit": known.unit, "meaning": known.meaning}
                    for column, known in columns.TABLES[name].items()
                ],
            }
            for name, frame in frames.items()
        },
        "figures": [one.name for one in pictures if one.svg],
    }


def _written_before(out_dir: Path) -> set[str]:
    """Files that the manifest in the folder names as its own, as plain names within their folders."""
    try:
        manifest = json.loads((out_dir / MANIFEST).read_text(encoding="utf-8"))
        tables = {f"csv/{Path(name).name}" for name in manifest["files"]}
        drawn = {f"figures/{Path(name).name}.{ending}" for name in manifest["figures"] for ending in _ENDINGS}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    return tables | drawn
