"""One run at a time on a machine: two that measure at once would measure each other.

The lock is `flock`'s, which the system takes back when its holder ends in whatever way; the file stays and means
nothing. Containers that share a machine share no folder of temporary files: name one file for them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

#: Names the file in place of the one among the temporary files.
VARIABLE = "REXBENCH_LOCK"


class MachineLock:
    """The right to measure, as a context."""

    def __init__(self, *, wait: bool = False, tell: Callable[[str], object] = lambda _text: None) -> None:
        """A lock not yet taken.

        Args:
            wait: Whether to wait for another run to end; without, it is an error.
            tell: Hears of the wait, in one line.
        """
        self._wait, self._tell = wait, tell
        self._file = -1
        self._depth = 0

    def __enter__(self) -> Self:
        """Take the lock; whoever has it may take it again.

        Raises:
            InputError: Another run has it, or its file can't be opened.
        """
        self._depth += 1
        if self._depth > 1:
            return self
        try:
            self._acquire(Path(os.environ.get(VARIABLE) or Path(tempfile.gettempdir()) / "rexbench.lock"))
        except BaseException:
            self._depth = 0
            raise
        return self

    def _acquire(self, path: Path) -> None:
        while self._file < 0:
            file = _open(path)
            try:
                self._take(file)
                if _is_the_same(file, path):  # a cleaner of temporary files may have come in between
                    self._file = file
            finally:
                if self._file != file:
                    os.close(file)
        with contextlib.suppress(OSError):  # a file that another user made unwritable can still be locked
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        self._depth -= 1
        if self._depth:
            return
        with contextlib.suppress(OSError):
            os.ftruncate(self._file, 0)
        os.close(self._file)
        self._file = -1

    def _take(self, file: int) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(file, 20, 0).decode(errors="replace").strip()
            named = holder or "not known"
            busy = f"another run is measuring on this machine (pid {named}), and two would disturb each other"
            if not self._wait:
                end_it = f", or end it with `kill {holder}`" if holder else ""
                raise InputError(f"{busy}; add --wait to begin after it{end_it}") from None
            self._tell(f"{busy}; waiting for it to end")
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            # A file system without locks: better to measure than to refuse.
            return


def _open(path: Path) -> int:
    """The file, made so that every user of the machine can lock it."""
    for flags in (os.O_RDWR, os.O_RDWR | os.O_CREAT | os.O_EXCL, os.O_RDWR, os.O_RDONLY):
        # Creating only what is not there: the kernel refuses O_CREAT on another user's file in a shared folder.
        try:
            file = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        except OSError as error:
            wrong = error
            continue
        if flags & os.O_CREAT:
            os.fchmod(file, 0o666)
        return file
    raise InputError(f"the lock of the machine needs a file that can be opened; {path}: {wrong.strerror}")


def _is_the_same(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except OSError:
        return False
