"""Durations in words."""

from __future__ import annotations


def describe_duration(seconds: float) -> str:
    """A time in words, to the precision that a plan has: ``45 s``, ``9 min``, ``1 h 30 min``."""
    if round(seconds) < 100:  # noqa: PLR2004 - 90 s says more than 2 min
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
