"""Signals that stop a program: the first lets it keep finished work, the second ends it at once."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rexnet_core.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SHOW_CURSOR = "\x1b[?25h"


class _Unstoppable:
    """What is under way that a first signal must not break off, and whether one has come meanwhile."""

    depth = 0
    late = False


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """SIGTERM raises `KeyboardInterrupt` as Ctrl-C does; a second signal of either kind ends the program at once.

    Workers end with the process that started them in this case too. Outside the main thread nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seen: list[int] = []
    _Unstoppable.late = False

    def stop(number: int, _frame: object) -> None:
        seen.append(number)
        if len(seen) == 1:
            _Unstoppable.late = bool(_Unstoppable.depth)
            if _Unstoppable.late:
                return
            raise KeyboardInterrupt
        shown = _SHOW_CURSOR if os.isatty(2) else ""  # a progress bar may have hidden it
        with contextlib.suppress(OSError):  # nobody may read it any more
            os.write(2, f"{shown}rexbench: ended at once by a second signal\n".encode())
        os._exit(ExitCode.FAILED)

    # What the caller has told us to ignore, as a shell does for what it starts in the background, stays ignored.
    heard = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()


@contextmanager
def finish_first() -> Iterator[Callable[[], bool]]:
    """Finish the work in this context before a first signal stops the program; a second signal ends it at once.

    The context is a function that tells whether a signal has come meanwhile.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    _Unstoppable.depth += 1
    try:
        yield lambda: _Unstoppable.late
    finally:  # an error goes before the signal: it says what was not finished
        _Unstoppable.depth -= 1
        stopped = _Unstoppable.late and not _Unstoppable.depth
        _Unstoppable.late = _Unstoppable.late and not stopped
    if stopped:
        raise KeyboardInterrupt
