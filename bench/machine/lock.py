"""One run at a time on a machine: two that measure at once would measure each other.

The lock is `flock`'s, which the system takes back when its holder ends in whatever way; the file stays and means
nothing. Containers that share a machine share no folder of temporary files: name one file for them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

#: Names the file in place of the one that all users share.
VARIABLE = "REXBENCH_LOCK"
#: Not the caller's folder of temporary files: whoever has another one must meet the same lock.
_SHARED = Path("/tmp")  # noqa: S108 - every user can write there, and nothing is read from it but a number
_NAME = "rexbench.lock"
#: What a file may hold that is ours to write to: the number of a process, or nothing.
_NUMBER = re.compile(rb"(?:[1-9][0-9]{0,9})?\s*")
_MOST_BYTES = 20


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
            InputError: Another run has it, or its file can't be opened or is there for something else.
        """
        self._depth += 1
        if self._depth > 1:
            return self
        try:
            self._acquire(_find_place())
        except BaseException:
            self._depth = 0
            raise
        return self

    def _acquire(self, path: Path) -> None:
        while self._file < 0:
            file = _open(path)
            try:
                self._take(file)
                if is_the_same(file, path):  # a cleaner of temporary files may have come in between
                    _check_ours(file, path)
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
            holder = _find_holder(file)
            named = f"pid {holder}" if holder else "a process that can't be seen from here"
            busy = f"another run is measuring on this machine ({named}), and two would disturb each other"
            if not self._wait:
                end_it = f", or end it with `kill {holder}`" if holder else ""
                raise InputError(f"{busy}; add --wait to begin after it{end_it}") from None
            self._tell(f"{busy}; waiting for it to end")
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            # A file system without locks: better to measure than to refuse.
            return


def _find_place() -> Path:
    """The file: the one that was named, else one that does not depend on who asks.

    Raises:
        InputError: There is no folder for it.
    """
    if named := os.environ.get(VARIABLE):
        return Path(named)
    if os.access(_SHARED, os.W_OK | os.X_OK):
        return _SHARED / _NAME
    try:
        return Path(tempfile.gettempdir()) / _NAME
    except OSError:
        told = f"neither {_SHARED} nor another is; set TMPDIR, or name the file in {VARIABLE}"
        raise InputError(f"the lock of the machine needs a folder that can be written to, and {told}") from None


def _open(path: Path) -> int:
    """The file, made so that every user of the machine can lock it."""
    for flags in (os.O_RDWR, os.O_RDWR | os.O_CREAT | os.O_EXCL, os.O_RDWR, os.O_RDONLY):
        # Creating only what is not there: the kernel refuses O_CREAT on another user's file in a shared folder. Not
        # blocking: opening a pipe for reading would wait for a writer.
        try:
            file = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
        except OSError as error:
            wrong = error.strerror
            continue
        except ValueError as error:  # a nought in its name
            wrong = str(error)
            break
        if flags & os.O_CREAT:
            os.fchmod(file, 0o666)
        if stat.S_ISREG(os.fstat(file).st_mode):
            return file
        os.close(file)
        wrong = "it is no regular file"
        break
    raise InputError(f"the lock of the machine needs a file that can be opened; {_show(path)}: {wrong}")


def _check_ours(file: int, path: Path) -> None:
    """Refuse a file that is there for something else: its content would be lost.

    Raises:
        InputError: It has another name, too, or holds something else than a number.
    """
    found = os.fstat(file)
    if found.st_nlink > 1 or found.st_size > _MOST_BYTES or not _NUMBER.fullmatch(os.pread(file, _MOST_BYTES, 0)):
        told = f"{_show(path)} holds something or has another name; remove it, or name another in {VARIABLE}"
        raise InputError(f"the lock of the machine needs a file of its own; {told}")


def _find_holder(file: int) -> str:
    """The number of the process that holds the lock; empty where it can't be known.

    Every user can write to the file, and in a container numbers are others: it must be a rexbench that lives here.
    """
    text = os.pread(file, _MOST_BYTES, 0)
    if not _NUMBER.fullmatch(text) or not text.strip():
        return ""
    number = int(text)
    if number != os.getpid():  # ours it can only be in a container of its own
        with contextlib.suppress(psutil.Error):
            if any("rexbench" in word for word in psutil.Process(number).cmdline()):
                return str(number)
    return ""


def is_the_same(file: int, path: Path) -> bool:
    """Whether a path still leads to the file that was opened.

    Args:
        file: Its descriptor.
        path: Where it was found.
    """
    try:
        return os.path.samestat(os.fstat(file), path.lstat())
    except OSError:
        return False


def _show(path: Path) -> str:
    """A path that stays on its line, whatever it holds."""
    text = str(path)
    return text if text.isprintable() else ascii(text)
