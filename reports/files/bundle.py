"""A report on disk: page, tables with what their columns mean, and figures, each replaced as a whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.files.atomic import place_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pandas as pd

    from reports.drawing.picture import Picture

    #: Unit and meaning of a column, from the names of its table and its own.
    Describe = Callable[[str, str], tuple[str, str]]

PAGE = "report.html"
MANIFEST = "csv/manifest.json"
_ENDINGS = ("svg", "png")


def place_report(
    out_dir: Path,
    *,
    page: str,
    frames: Mapping[str, pd.DataFrame],
    pictures: Sequence[Picture],
    head: Mapping[str, Any],
    describe: Describe,
    others: Mapping[str, str] | None = None,
    known: Iterable[str] = (),
) -> Path:
    """Write ``report.html``, ``csv/`` and ``figures/``; what only an earlier report had goes.

    Args:
        out_dir: Folder, made if it is not there.
        page: The page.
        frames: Tables by name.
        pictures: Figures; one that was not drawn has no file.
        head: What the manifest says first, such as its format.
        describe: Says what a column holds.
        others: Contents of further files by path in the folder.
        known: Names of figures that are ours, whether or not an earlier manifest says so.

    Returns:
        The path of the page.

    Raises:
        InputError: The folder can't be written, or is full; an earlier report stays as it was.
    """
    files = {name: text.encode() for name, text in (others or {}).items()}
    files |= {
        f"csv/{name}.csv": frame.to_csv(index=False, lineterminator="\n").encode() for name, frame in frames.items()
    }
    for one in pictures:
        if one.svg:
            files |= {f"figures/{one.name}.svg": one.svg, f"figures/{one.name}.png": one.png}
    files[MANIFEST] = json.dumps({**head, **_contents(frames, pictures, describe)}, indent=2).encode()
    # The page comes last, as it stands for the whole.
    files[PAGE] = page.encode()
    place_files(files, (_written_before(out_dir) | _drawn(known)) - set(files), out_dir)
    return out_dir / PAGE


def _contents(
    frames: Mapping[str, pd.DataFrame], pictures: Sequence[Picture], describe: Describe
) -> dict[str, dict[str, Any] | list[str]]:
    """What the CSV files hold, for people and programs, and which figures belong to the report."""
    files = {}
    for name, frame in frames.items():
        told = [(column, *describe(name, column)) for column in frame.columns]
        columns = [{"name": column, "unit": unit, "meaning": meaning} for column, unit, meaning in told]
        files[f"{name}.csv"] = {"rows": len(frame), "columns": columns}
    return {"files": files, "figures": [one.name for one in pictures if one.svg]}


def _written_before(out_dir: Path) -> set[str]:
    """Files that the manifest in the folder names as its own, as plain names within their folders."""
    try:
        manifest = json.loads((out_dir / MANIFEST).read_text(encoding="utf-8"))
        tables = {f"csv/{Path(name).name}" for name in manifest["files"]}
        return tables | _drawn(Path(name).name for name in manifest.get("figures", []))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()


def _drawn(names: Iterable[str]) -> set[str]:
    return {f"figures/{name}.{ending}" for name in names for ending in _ENDINGS}
