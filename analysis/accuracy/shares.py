"""How shares and their changes stand in the document of an evaluation. No torch here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.statistics.intervals import wilson_estimate

if TYPE_CHECKING:
    from analysis.statistics.estimates import Estimate

_ENDS = {"": "value", "_low": "low", "_high": "high"}


def tell_share(name: str, count: int | None, images: int, *, counted: str = "correct") -> dict[str, Any]:
    """A share in percent with Wilson's interval, and its count; all None where there is no such share."""
    share = None if count is None else wilson_estimate(count, images)
    return {**_tell_estimate(name, share, "percent"), f"{name}_{counted}": count}


def tell_change(name: str, change: Estimate | None) -> dict[str, float | None]:
    """A change of a share in percentage points."""
    return _tell_estimate(f"{name}_change", change, "points")


def _tell_estimate(name: str, estimate: Estimate | None, unit: str) -> dict[str, float | None]:
    """A share, or a change of one, times 100; all None where there is none."""
    return {f"{name}{end}_{unit}": 100 * getattr(estimate, bound) if estimate else None for end, bound in _ENDS.items()}
