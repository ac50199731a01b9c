"""What torchrun tells each process that it starts. No torch here.

Source: docs.pytorch.org, "torchrun", environment variables.
"""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a process among all; without torchrun it is alone.

    Args:
        rank: Of this process; that of the first, which alone writes and answers, is 0.
        count: Of all processes.
        local: Place on this machine, which is the number of its GPU.
        neighbours: Processes on this machine.
    """

    rank: int = 0
    count: int = 1
    local: int = 0
    neighbours: int = 1

    @property
    def first(self) -> bool:
        """Whether this process writes and answers."""
        return not self.rank


def read_place() -> Place:
    """The place of this process."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return Place()
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    return Place(*(int(os.environ[name]) for name in names))
