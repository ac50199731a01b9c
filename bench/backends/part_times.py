"""The times of the parts of calls, kept until they are asked for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Reads the clock at the edges of parts [ns].
read_clock = time.perf_counter_ns


class PartTimes:
    """Times of calls that consist of the same parts, one after the other.

    Args:
        names: Of the parts, in their order.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.edges: list[tuple[int, ...]] = []

    def add(self, *edges: int) -> None:
        """Keep a call, given the clock at its begin and at the end of each part [ns]."""
        self.edges.append(edges)

    def take(self) -> dict[str, list[float]]:
        """The time of each part in the calls since this was asked last [s]."""
        times_s = np.diff(np.array(self.edges, dtype=np.int64).reshape(-1, len(self.names) + 1)) * 1e-9
        self.edges.clear()
        return {name: column.tolist() for name, column in zip(self.names, times_s.T, strict=True)}
