"""A pipe between parent and worker: when the parent ends, in whatever way, the worker's process group is killed.

Workers lead sessions of their own, so neither the terminal nor the parent's death ends them. An idle worker sees its
input close; a worker inside a long call sees nothing, and would run on without a parent.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import threading

#: In the environment of a worker: the number of the descriptor of its end.
VARIABLE = "REXBENCH_LIFELINE"


class Lifeline:
    """The parent's end, which the system closes when the parent dies, also by `kill -9`."""

    def __init__(self) -> None:
        self.theirs, self._ours = os.pipe()

    def hand_over(self) -> None:
        """Close the worker's end in the parent, once the worker has inherited it."""
        os.close(self.theirs)

    def close(self) -> None:
        """Close the parent's end, which kills what is left of the worker's group; a second call does nothing."""
        if self._ours >= 0:
            os.close(self._ours)
            self._ours = -1


def hold_on() -> None:
    """End this worker's process group with its parent; called first in a worker, without effect elsewhere."""
    number = os.environ.pop(VARIABLE, "")
    if not number:
        return
    end = int(number)
    os.set_inheritable(end, False)  # a compiler that the worker starts must not inherit it
    if not _arm(end):
        threading.Thread(target=_watch, args=(end,), daemon=True).start()
    if select.select([end], [], [], 0)[0]:  # the parent may have ended before
        _kill_group()


def _arm(end: int) -> bool:
    """Let the kernel kill the group when the pipe closes, without a thread or polling; false where it can't."""
    if not hasattr(fcntl, "F_SETSIG"):
        return False
    with contextlib.suppress(OSError):
        fcntl.fcntl(end, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(end, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(end, fcntl.F_SETFL, fcntl.fcntl(end, fcntl.F_GETFL) | os.O_ASYNC)
        return True
    return False


def _watch(end: int) -> None:
    os.read(end, 1)
    _kill_group()


def _kill_group() -> None:
    os.killpg(os.getpgrp(), signal.SIGKILL)
