"""Files are written whole or not at all, and their place is checked before the work whose result they hold."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from rexnet_core.errors import InputError, first_line

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Shows that a disk has room for more than a name [bytes].
_PROBE = b"x" * 4096


@contextlib.contextmanager
def refused_paths(need: str, path: Path, remedy: str = "name another or make room") -> Iterator[None]:
    """A context in which a path that the system refuses is an error of the caller.

    Args:
        need: What must hold, such as ``--csv needs a file it can write``.
        path: The path that was given.
        remedy: What to do.

    Raises:
        InputError: The system refuses the path; a name may also be too long, or hold what no name can.
    """
    try:
        yield
    except (OSError, ValueError) as error:
        raise InputError(f"{need}; {path}: {first_line(error)}; {remedy}") from error


def encode(text: str) -> bytes:
    """The text in UTF-8; what is no character, as in a path that is no text, is written out."""
    return text.encode("utf-8", "backslashreplace")


def digest_file(path: Path) -> str:
    """SHA-256 of a file's contents, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_file(target: Path, content: str | bytes, *, need: str) -> None:
    """Write a file that a caller named.

    Raises:
        InputError: It can't be written; a file that was there stays as it was.
    """
    with refused_paths(need, target):
        replace_file(target, content)


def replace_file(target: Path, content: str | bytes, *, sync: bool = False) -> None:
    """Write a file aside, then put it into its place; a device or a pipe is written to as it is.

    Args:
        target: The file; a link stays, and the file that it leads to is replaced.
        content: Text is written in UTF-8.
        sync: Whether the file is on the disk, not only with the system, before this returns.

    Raises:
        OSError: It can't be written; a file that was there stays as it was.
    """
    data = encode(content) if isinstance(content, str) else content
    before = _read_state(target)
    if before and _is_stream(before):
        _feed(target, data)
        return
    place = Path(os.path.realpath(target))
    if before and not os.access(place, os.W_OK):
        raise PermissionError(13, "Permission denied", str(target))
    draft = place.parent / f".rexbench-{secrets.token_hex(8)}"
    try:
        with draft.open("xb") as file:
            if before:
                os.fchmod(file.fileno(), stat.S_IMODE(before.st_mode))
            file.write(data)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)


def check_file(target: Path, need: str) -> None:
    """Find out before anything runs whether a file can be written; no file is left.

    Raises:
        InputError: It can't be written.
    """
    with refused_paths(need, target):
        before = _read_state(target)
        if before and stat.S_ISDIR(before.st_mode):
            raise IsADirectoryError(21, "is a folder")
        if before and not os.access(target, os.W_OK):
            raise PermissionError(13, "Permission denied")
        if not (before and _is_stream(before)):
            _try(Path(os.path.realpath(target)).parent)


def check_folder(folder: Path, need: str) -> None:
    """Find out before anything runs whether a folder can be made or written to; nothing is left behind.

    Raises:
        InputError: It can't be.
    """
    made: list[Path] = []
    try:
        with refused_paths(need, folder):
            made += [path for path in (folder, *folder.parents) if not path.exists()]
            folder.mkdir(parents=True, exist_ok=True)
            _try(folder)
    finally:
        for path in made:  # a call that is refused after this must leave nothing behind
            with contextlib.suppress(OSError, ValueError):
                path.rmdir()


def _try(folder: Path) -> None:
    draft = folder / f".rexbench-{secrets.token_hex(8)}"
    try:
        draft.write_bytes(_PROBE)
    finally:
        draft.unlink(missing_ok=True)


def _read_state(path: Path) -> os.stat_result | None:
    """What is there; None where nothing is, also at the end of a link."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _is_stream(state: os.stat_result) -> bool:
    """Whether it is no file on a disk, or one that is our own output already."""
    own = []
    for number in (1, 2):
        with contextlib.suppress(OSError):
            own.append(os.fstat(number))
    return not stat.S_ISREG(state.st_mode) or any(os.path.samestat(state, stream) for stream in own)


def _feed(target: Path, data: bytes) -> None:
    # A named pipe that nobody reads would wait for ever.
    number = os.open(target, os.O_WRONLY | os.O_NONBLOCK)
    os.set_blocking(number, True)
    with os.fdopen(number, "wb") as file:
        file.write(data)
