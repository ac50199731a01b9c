"""A run's folder of temporary files; one that a killed run has left is cleared away by the next."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.machine.lock import is_the_same
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "rexbench-run-"


@contextmanager
def make_scratch() -> Iterator[Path]:
    """A folder for what the workers share, gone afterwards.

    Its owner holds a lock on it, which the system takes back however the owner ends.

    Raises:
        InputError: There is no room for it.
    """
    try:
        _clear()
        folder, held = _make()
    except OSError as error:
        where = f"{tempfile.tempdir}: " if tempfile.tempdir else ""
        raise InputError(f"a run needs room for temporary files; {where}{error.strerror}") from None
    try:
        yield folder
    finally:
        os.close(held)
        shutil.rmtree(folder, ignore_errors=True)


def _make() -> tuple[Path, int]:
    """A new folder, and the descriptor that holds it.

    Before it is held, another that begins may take it for left over: then there is another.
    """
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        held = -1
        with contextlib.suppress(FileNotFoundError, BlockingIOError):
            held = os.open(folder, os.O_RDONLY)
            _hold(held)
            if is_the_same(held, folder):
                return folder, held
        if held >= 0:
            os.close(held)
        shutil.rmtree(folder, ignore_errors=True)


def _hold(file: int) -> None:
    """Take the lock; a file system without locks has none to take.

    Raises:
        BlockingIOError: Another has it.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return


def _clear() -> None:
    """Remove the folders that nobody holds."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            found = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
            try:
                fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(found).st_uid == os.getuid():
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(found)
