"""A neighbour for the self-test: a process that keeps one core busy for some seconds, and then for some does not."""

from __future__ import annotations

import random
import select
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bench.process import Build, Child

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Lengths of its busy and idle spells are drawn from here [s].
SPELL_S = (0.5, 3.0)


@contextmanager
def live_beside_neighbour() -> Iterator[None]:
    """Have the neighbour while the context is open."""
    child = Child("bench.neighbour", [], threads=1, build=Build(), extra={}, answers=subprocess.DEVNULL)
    try:
        yield
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
