"""How shares and their changes stand in the document of an evaluation. No torch here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.statistics.intervals import wilson_estimate

if TYPE_CHECKING:
    from analysis.statistics.estimates import Estimate

_ENDS = {"": "value", "_low": "low", "_high": "high"}


def tell_share(name: str, hits: int | None, images: int) -> dict[str, Any]:
    """A share with Wilson's interval and its count; all None where there is no such share."""
    share = None if hits is None else wilson_estimate(hits, images)
    return {**tell_estimate(name, share), f"{name}_correct": hits}


def tell_estimate(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    """A share, or a change of one, in percent or in percentage points."""
    return {
        f"{name}{end}_percent": 100 * getattr(estimate, bound) if estimate else None for end, bound in _ENDS.items()
    }
