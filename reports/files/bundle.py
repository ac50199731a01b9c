"""A report on disk: page, tables with what their columns mean, and figures, each replaced as a whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.json_values import render_json
from reports.columns import FORMAT_VERSION, find_column
from reports.files.atomic import place_files
from rexnet_core.printable import escape_controls

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from reports.columns import Table
    from reports.drawing.picture import Picture

PAGE = "report.html"
MANIFEST = "csv/manifest.json"
#: Folders of a report.
FOLDERS = ("csv", "figures")
_ENDINGS = ("svg", "png")


def place_report(
    out: Path,
    *,
    page: str,
    frames: Mapping[str, pd.DataFrame],
    columns: Mapping[str, Table],
    pictures: Sequence[Picture],
    head: Mapping[str, Any],
    others: Mapping[str, str],
) -> Path:
    """Write ``report.html``, ``csv/`` and ``figures/``; files that only an earlier report had are removed.

    Args:
        out: Folder, made if it is not there.
        page: The page.
        frames: Tables by name.
        columns: Columns of these tables.
        pictures: Figures; one that was not drawn has no file.
        head: Entries of the manifest beside its format and contents.
        others: Contents of further files by path in the folder.

    Returns:
        The path of the page.

    Raises:
        InputError: The folder can't be written, or is full; an earlier report stays as it was.
    """
    files: dict[str, bytes | str] = dict(others)
    files |= {f"csv/{name}.csv": render_csv(frame) for name, frame in frames.items()}
    for picture in pictures:
        if picture.svg:
            files |= {f"figures/{picture.name}.svg": picture.svg, f"figures/{picture.name}.png": picture.png}
    form = {"format": "rexbench-csv", "format_version": FORMAT_VERSION}
    files[MANIFEST] = render_json({**form, **head, **_contents(frames, columns, pictures)})
    # The page comes last, as it stands for the whole.
    files[PAGE] = page
    own = _figure_files(picture.name for picture in pictures)
    place_files(files, (_read_earlier(out) | own) - set(files), out)
    return out / PAGE


def render_csv(frame: pd.DataFrame) -> str:
    """The rows as CSV, in which nothing is written that a terminal would act on."""
    return escape_controls(frame.to_csv(index=False, lineterminator="\n"), keep="\n\t")


def _contents(
    frames: Mapping[str, pd.DataFrame], columns: Mapping[str, Table], pictures: Sequence[Picture]
) -> dict[str, dict[str, Any] | list[str]]:
    """What the CSV files hold, for people and programs, and which figures belong to the report."""
    files = {
        f"{name}.csv": {"rows": len(frame), "columns": [_describe(columns[name], column) for column in frame.columns]}
        for name, frame in frames.items()
    }
    return {"files": files, "figures": [picture.name for picture in pictures if picture.svg]}


def _describe(table: Table, name: str) -> dict[str, str]:
    column = find_column(table, name)
    return {"name": name, "kind": column.kind, "unit": column.unit, "meaning": column.meaning}


def _read_earlier(out: Path) -> set[str]:
    """Files that the manifest in the folder lists as its own, as plain names within their folders."""
    try:
        manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
        tables = {f"csv/{Path(name).name}" for name in manifest["files"]}
        return tables | _figure_files(Path(name).name for name in manifest.get("figures", []))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()


def _figure_files(names: Iterable[str]) -> set[str]:
    return {f"figures/{name}.{ending}" for name in names for ending in _ENDINGS}
