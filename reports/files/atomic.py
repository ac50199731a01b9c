"""Files of a report put into their folder all at once, or not at all."""

from __future__ import annotations

import shutil
import tempfile
from errno import EISDIR
from pathlib import Path
from typing import TYPE_CHECKING

from rexnet_core.errors import InputError
from rexnet_core.files import encode, refused_paths

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


def place_files(files: Mapping[str, bytes | str], stale: Collection[str], folder: Path) -> None:
    """Write everything aside, then move it into place; what is stale goes.

    Args:
        files: Contents by path in the folder, at most one folder deep; text is written in UTF-8.
        stale: Paths in the folder of what an earlier report left and this one lacks.
        folder: Made if it is not there.

    Raises:
        InputError: The folder can't be written, or is full, or a path leads out of it; what was there stays as it was.
    """
    _check_names([*files, *stale])
    with refused_paths("the report's folder must be writable and have room", folder):
        folder.mkdir(parents=True, exist_ok=True)
        # Beside its target, so that the last step is a rename within one file system.
        staging = Path(tempfile.mkdtemp(prefix=".report-", dir=folder))
        try:
            for name, content in files.items():
                path = staging / name
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(encode(content) if isinstance(content, str) else content)
            _make_way(files, folder)
            for name in files:
                (staging / name).replace(folder / name)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        for name in stale:
            (folder / name).unlink(missing_ok=True)


def _make_way(names: Iterable[str], folder: Path) -> None:
    """Make the folders, and see that each file can take its place, before the first one does."""
    for name in names:
        place = folder / name
        place.parent.mkdir(exist_ok=True)
        if place.is_dir():
            raise IsADirectoryError(EISDIR, f"{name} is a folder")


def _check_names(names: Iterable[str]) -> None:
    """Refuse what leads out of the folder: a file may be named after something in a store that somebody else made."""
    for name in names:
        parts = Path(name).parts
        if not 1 <= len(parts) <= 2 or {"..", "/"} & set(parts) or "\0" in name:  # noqa: PLR2004 - a folder and a file
            raise InputError(f"files of a report must lie in its folder; {name!r} does not")
