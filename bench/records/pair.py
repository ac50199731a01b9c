"""Samples of two workers of the same build that took turns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One pair of fresh processes.

    Args:
        base_s: Samples of the base [s], measured beside the head at each level, by turn.
        head_s: Samples of the head [s] at each level, by turn.
        machine: What else the machine did, as `bench.machine.interference.interference` gives it.
    """

    base_s: tuple[tuple[tuple[float, ...], ...], ...]
    head_s: tuple[tuple[tuple[float, ...], ...], ...]
    machine: dict[str, float | None]
