"""The standard streams: any text can be written to them, whatever their encoding, and whoever reads them."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STREAMS = 3


def prepare_streams() -> str:
    """Let standard output and standard error take any text; why no answer can be given, empty where one can.

    A closed stream leaves its number to the next file that is opened, which would then receive what is printed.
    """
    for number in range(_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the process ends
    if sys.stdout is None:
        return "standard output must be open; it is closed, send it to a file or to /dev/null"
    for stream in (sys.stdout, sys.stderr):
        if change := getattr(stream, "reconfigure", None):  # a notebook's stream takes any text as it is
            change(errors="backslashreplace")
    return ""


def read_stdin(most: int) -> bytes:
    """What standard input holds, up to so many bytes: it may never end.

    Raises:
        InputError: It is closed, empty, or a terminal.
    """
    from rexnet_core.errors import InputError, first_line  # noqa: PLC0415 - the entry imports this file before its checks

    need = "- takes a picture from standard input"
    if sys.stdin is None:
        raise InputError(f"{need}, which is closed; send one there with < FILE")
    if sys.stdin.isatty():
        raise InputError(f"{need}, which is a terminal; send one there with < FILE")
    try:
        held = sys.stdin.buffer.read(most)
    except (OSError, ValueError) as error:
        raise InputError(f"{need}, which can't be read: {first_line(error)}; send one there with < FILE") from None
    if not held:
        raise InputError(f"{need}, which is empty; send one there with < FILE")
    return held


@contextlib.contextmanager
def divert_stdout() -> Iterator[None]:
    """A context in which whatever is printed, by any library and any thread, goes to standard error."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 1)
        os.close(kept)


def write_to(stream: TextIO, text: str) -> OSError | None:
    """Write all of the text at once; the error of a stream that takes no more, which is closed then.

    A reader that has seen enough, as ``head`` does, is no error.
    """
    return _guard(stream, lambda: stream.write(text))


def flush(stream: TextIO) -> OSError | None:
    """Write what others have left in the stream; as `write_to`."""
    return _guard(stream, lambda: 0)


def _guard(stream: TextIO, write: Callable[[], int]) -> OSError | None:
    try:
        write()
        stream.flush()
    except BrokenPipeError:
        _silence(stream)
    except OSError as error:
        _silence(stream)
        return error
    return None


def _silence(stream: TextIO) -> None:
    """Let what is still in the stream go nowhere: the interpreter writes it at its end, and would complain."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
