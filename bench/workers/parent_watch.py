"""A pipe that a worker holds on to: when its other end goes, however the parent ended, the worker's group is killed.

Workers lead sessions of their own, so neither the terminal nor the parent's death reaches them by itself. An idle one
sees its input close; one inside a long call sees nothing, and would run on for nobody.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import threading

#: In the environment of a worker: the number of the descriptor it holds on to.
VARIABLE = "REXBENCH_LIFELINE"


class Lifeline:
    """The parent's end. The system closes it when the parent dies, a `kill -9` included."""

    def __init__(self) -> None:
        self.theirs, self._ours = os.pipe()

    def hand_over(self) -> None:
        """Let go of the worker's end, once the worker has it."""
        os.close(self.theirs)

    def close(self) -> None:
        """Let go of our end: what is left of the worker's group is killed. Once is enough, twice does no harm."""
        if self._ours >= 0:
            os.close(self._ours)
            self._ours = -1


def hold_on() -> None:
    """Called first thing in a worker: from now on its process group ends with its parent; alone it does nothing."""
    number = os.environ.pop(VARIABLE, "")
    if not number:
        return
    end = int(number)
    os.set_inheritable(end, False)  # a compiler that we start must not hold it for us
    if not _arm(end):
        threading.Thread(target=_watch, args=(end,), daemon=True).start()
    if select.select([end], [], [], 0)[0]:  # it may have gone before we were armed
        _kill_group()


def _arm(end: int) -> bool:
    """Have the kernel kill the group when the pipe closes: no thread, no polling, and no need of Python's lock.

    Returns:
        False where the system has no such thing (it is Linux's).
    """
    if not hasattr(fcntl, "F_SETSIG"):
        return False
    with contextlib.suppress(OSError):
        fcntl.fcntl(end, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(end, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(end, fcntl.F_SETFL, fcntl.fcntl(end, fcntl.F_GETFL) | os.O_ASYNC)
        return True
    return False


def _watch(end: int) -> None:
    """Wait in the system until the pipe closes; it costs nothing while it waits."""
    os.read(end, 1)
    _kill_group()


def _kill_group() -> None:
    os.killpg(os.getpgrp(), signal.SIGKILL)
