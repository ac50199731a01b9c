"""Signals that stop: the first lets finished work be kept, the second ends at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Exit code of a program that was stopped.
STOPPED = 1
_SHOW_CURSOR = "\x1b[?25h"


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """SIGTERM raises `KeyboardInterrupt` as Ctrl-C does; a second signal of either kind leaves without ceremony.

    Workers end with the process that started them, also then. Elsewhere than in the main thread nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seen: list[int] = []

    def stop(number: int, _frame: object) -> None:
        seen.append(number)
        if len(seen) == 1:
            raise KeyboardInterrupt
        shown = _SHOW_CURSOR if os.isatty(2) else ""  # a progress bar may have hidden it
        os.write(2, f"{shown}rexbench: ended at once by a second signal\n".encode())
        os._exit(STOPPED)

    # What the caller has told us to ignore, as a shell does for what it starts in the background, stays ignored.
    heard = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        sys.stderr.flush()
