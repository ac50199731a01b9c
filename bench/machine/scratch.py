"""A run's folder of temporary files; the next run removes one that a killed run has left."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: With the name of the machine: containers may share the folder, and number their processes each for itself.
_PREFIX = f"rexbench-scratch-{platform.node()}-"


@contextmanager
def make_scratch() -> Iterator[Path]:
    """A folder for what the workers share, removed afterwards.

    Raises:
        InputError: There is no room for it.
    """
    try:
        _remove_abandoned()
        folder = tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", ignore_cleanup_errors=True)
    except OSError as error:
        where = f"{tempfile.tempdir}: " if tempfile.tempdir else ""
        raise InputError(f"a run needs room for temporary files; {where}{error.strerror}") from None
    with folder as path:
        yield Path(path)


def _remove_abandoned() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        number = folder.name.removeprefix(_PREFIX).partition("-")[0]
        with contextlib.suppress(OSError):
            if number.isdecimal() and not psutil.pid_exists(int(number)) and folder.lstat().st_uid == os.getuid():
                shutil.rmtree(folder)
