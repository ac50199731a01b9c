"""A neighbour for the self-test: a process that keeps one core busy for some seconds, and then for some does not."""

from __future__ import annotations

import random
import select
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil

from bench.workers.child_process import Build, Child
from bench.workers.executor import WorkerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Lengths of its busy and idle spells are drawn from here [s].
SPELL_S = (0.5, 3.0)


@contextmanager
def live_beside_neighbour() -> Iterator[Callable[[], float]]:
    """Have the neighbour while the context is open.

    Yields:
        Asks for the share of the time since then in which it kept a core busy.

    Raises:
        WorkerError: Asked when it has died: it was not there all the time.
    """
    begun = time.monotonic()
    child = Child("bench.selftest.noisy_neighbour", [], threads=1, build=Build(), extra={}, answers=subprocess.DEVNULL)

    def read_share() -> float:
        try:
            times = psutil.Process(child.popen.pid).cpu_times()
        except psutil.Error:
            raise WorkerError("failed", f"the neighbour died: {child.why_dead()}") from None
        return float(times.user + times.system) / (time.monotonic() - begun)

    try:
        yield read_share
    finally:
        child.end()
        child.close()


def main() -> None:
    """Be busy and idle in turn until standard input closes."""
    while True:
        end = time.monotonic() + random.uniform(*SPELL_S)
        while time.monotonic() < end:
            pass
        if select.select([sys.stdin], [], [], random.uniform(*SPELL_S))[0]:
            return


if __name__ == "__main__":
    main()
