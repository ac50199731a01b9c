"""Whether a report can be written, known before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.files.bundle import FOLDERS, PAGE
from rexnet_core.errors import InputError
from rexnet_core.files import check_folder, refused_paths

if TYPE_CHECKING:
    from pathlib import Path

_NEED = "the report needs a folder it can write to"


def check_writable(folder: Path) -> None:
    """Find out before the first second is spent, not after the last, that a report has no place.

    Raises:
        InputError: The folder can't be made or written to, or holds something else where the report's parts belong.
    """
    check_folder(folder, _NEED)
    with refused_paths(_NEED, folder):
        wrong = [name for name in FOLDERS if (folder / name).exists() and not (folder / name).is_dir()]
        wrong += [PAGE] if (folder / PAGE).is_dir() else []
    if wrong:
        kind = "a folder" if wrong[0] == PAGE else "a file"
        raise InputError(f"{_NEED}; {folder / wrong[0]} is {kind}; name another")
