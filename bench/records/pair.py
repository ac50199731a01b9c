"""Samples of two workers of the same build that took turns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One pair of fresh processes: samples [s] of base and head side by side, by level of slowing down and by turn."""

    base_s: tuple[tuple[tuple[float, ...], ...], ...]
    head_s: tuple[tuple[tuple[float, ...], ...], ...]
    machine: dict[str, float | None]
