"""Samples that two workers of the same build took in turns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One pair of fresh processes.

    Args:
        base_s: Samples of the base [s], beside the head at each level, by turn.
        head_s: Samples of the head [s], the same.
        machine: What else it did, as `bench.machine.interference.interference` tells.
    """

    base_s: tuple[tuple[tuple[float, ...], ...], ...]
    head_s: tuple[tuple[tuple[float, ...], ...], ...]
    machine: dict[str, float | None]
