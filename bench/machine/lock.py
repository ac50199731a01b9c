"""One run at a time on a machine: two runs that measure at once would disturb each other.

The system releases the lock when the process that holds it ends, however it ends. The file stays, and means nothing.
Containers on one machine have separate temporary folders, so name one lock file for all containers.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from filelock import FileLock, Timeout

from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

#: Environment variable with the path of the lock file; by default all users share one file.
VARIABLE = "REXBENCH_LOCK"
#: Not the user's own temporary folder: users with different temporary folders must share the same lock.
_SHARED = Path("/tmp")  # noqa: S108 - every user can write there, and nothing is read from it but a number
_NAME = "rexbench.lock"
#: What the file may hold where it is ours: the number of a process, or nothing.
_NUMBER = re.compile(rb"(?:[1-9][0-9]{0,9})?\s*")
_MOST_BYTES = 20
#: Seldom, so that the waiting run does not disturb the one that measures [s].
_POLL_S = 1.0


class MachineLock:
    """The right to measure, as a context that its holder may enter again."""

    def __init__(self, *, wait: bool = False, tell: Callable[[str], object] = lambda _text: None) -> None:
        """A lock not yet taken; another run is waited for, after one line to `tell`, or it is an error."""
        self._wait, self._tell = wait, tell
        self._held = contextlib.ExitStack()
        self._depth = 0

    def __enter__(self) -> Self:
        """Take the lock.

        Raises:
            InputError: Another run holds the lock, or its file can't be opened or belongs to something else.
        """
        if self._depth == 0:
            with contextlib.ExitStack() as stack:
                self._acquire(_find_place(), stack)
                self._held = stack.pop_all()
        self._depth += 1
        return self

    def __exit__(self, *_: object) -> None:
        """Give the lock back when its outermost context ends."""
        self._depth -= 1
        if self._depth == 0:
            self._held.close()

    def _acquire(self, path: Path, stack: contextlib.ExitStack) -> None:
        lock = FileLock(path, mode=0o666, fallback_to_soft=False)
        try:
            self._take(lock, path)
            stack.callback(lock.release)
            file = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
            stack.callback(os.close, file)
        except (OSError, ValueError) as error:
            if getattr(error, "errno", None) in {errno.ENOSYS, errno.ENOLCK}:
                return  # a file system without locks: better to measure than to refuse
            why = getattr(error, "strerror", None) or error
            raise InputError(f"the lock of the machine needs a file that can be opened; {path}: {why}") from None
        _check_ours(file, path)
        stack.callback(os.ftruncate, file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)

    def _take(self, lock: FileLock, path: Path) -> None:
        try:
            lock.acquire(blocking=False)
        except Timeout:
            holder = _find_holder(path)
            name = f"pid {holder}" if holder else "a process that can't be seen from here"
            busy = f"another run is measuring on this machine ({name}), and two would disturb each other"
            if not self._wait:
                end_it = f", or end it with `kill {holder}`" if holder else ""
                raise InputError(f"{busy}; add --wait to begin after it{end_it}") from None
            self._tell(f"{busy}; waiting for it to end")
            lock.acquire(poll_interval=_POLL_S)


def _find_place() -> Path:
    """The path of the lock file: the one in the environment variable, else, if possible, one path for all users."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    if os.access(_SHARED, os.W_OK | os.X_OK):
        return _SHARED / _NAME
    try:
        return Path(tempfile.gettempdir()) / _NAME
    except OSError:
        raise InputError(
            f"the lock of the machine needs a folder that can be written to; set TMPDIR, or name the file in {VARIABLE}"
        ) from None


def _check_ours(file: int, path: Path) -> None:
    """Refuse a file that belongs to something else: its content would be lost."""
    status = os.fstat(file)
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"the lock of the machine needs a regular file; {path} is not one")
    if status.st_nlink > 1 or not _NUMBER.fullmatch(os.pread(file, _MOST_BYTES + 1, 0)):
        raise InputError(
            f"the lock of the machine needs a file of its own; {path} has other content or a second name; "
            f"remove it, or name another file in {VARIABLE}"
        )


def _find_holder(path: Path) -> str:
    """The number of the process that holds the lock; empty where it can't be known.

    Every user can write to the file, and containers number their processes anew: only a live rexbench is named.
    """
    with contextlib.suppress(OSError, psutil.Error):
        text = path.read_bytes()[: _MOST_BYTES + 1]
        # Our own number there can only be that of a process in another container.
        if _NUMBER.fullmatch(text) and text.strip() and int(text) != os.getpid():
            words = psutil.Process(int(text)).cmdline()
            return str(int(text)) if any("rexbench" in word for word in words) else ""
    return ""
