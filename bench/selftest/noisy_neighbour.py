"""A neighbour for the self-test: a process that keeps one core busy for some seconds, and then idles for some."""

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

#: Range from which the length of each busy and idle spell is drawn [s].
SPELL_S = (0.5, 3.0)


@contextmanager
def live_beside_neighbour() -> Iterator[Callable[[], float]]:
    """Run the neighbour while the context is open.

    Yields:
        A function that returns the share of the time so far in which the neighbour kept a core busy.

    Raises:
        WorkerError: The function was called after the neighbour had died, so it did not run all the time.
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
    """Alternate between busy and idle until standard input closes."""
    while True:
        end = time.monotonic() + random.uniform(*SPELL_S)
        while time.monotonic() < end:
            pass
        if select.select([sys.stdin], [], [], random.uniform(*SPELL_S))[0]:
            return


if __name__ == "__main__":
    main()
