"""Where more in flight stops paying: the smallest batch, or number of streams, whose throughput is about the best."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: How far below the best throughput still counts as about the best.
TOLERANCE = 0.05
#: With two sizes the smaller or the larger is the knee, which no reader needs to be told.
LEAST_SIZES = 3

#: The rule in one sentence, for whoever shows a knee.
RULE = (
    f"the smallest size whose throughput is no more than {TOLERANCE:.0%} below the best, as far as the 95 % intervals "
    "of the two can tell"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Throughput at one size.

    Args:
        size: Batch size or number of streams.
        throughput: Images per second.
        low: Lower bound of its 95 % interval; NaN where there is none.
        high: Upper bound.
    """

    size: int
    throughput: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Knee:
    """The knee of a series.

    Args:
        size: The smallest that is about as good as the best; None without one.
        best: Size of the highest throughput; None where nothing was measured.
        share: Throughput at the knee over the best; NaN without a knee.
        reason: Why there is none, or what to know about it; empty where it is plain.
    """

    size: int | None
    best: int | None
    share: float = math.nan
    reason: str = ""


def find_knee(points: Sequence[Point]) -> Knee:
    """The knee by `RULE`; a throughput without interval is taken as it is.

    Args:
        points: In any order, each size once.
    """
    best = max(points, key=lambda point: point.throughput, default=None)
    if best is None or len(points) < LEAST_SIZES:
        size = best.size if best else None
        return Knee(size=None, best=size, reason=f"needs {LEAST_SIZES} sizes, {len(points)} could be compared")
    knee = min((point for point in points if not _is_below(point, best)), key=lambda point: point.size)
    share = knee.throughput / best.throughput
    return Knee(size=knee.size, best=best.size, share=share, reason=_doubt(knee, best, share))


def _is_below(point: Point, best: Point) -> bool:
    """Whether the intervals tell that a point is more than `TOLERANCE` below the best."""
    if point is best:
        return False
    if math.isnan(point.high) or math.isnan(best.low):
        return point.throughput < (1 - TOLERANCE) * best.throughput
    return point.high < (1 - TOLERANCE) * best.low


def _doubt(knee: Point, best: Point, share: float) -> str:
    if knee is not best and share < 1 - TOLERANCE:
        return f"{share:.0%} of the best, but the intervals can't tell it from {1 - TOLERANCE:.0%}; measure longer"
    if math.isnan(best.low) or math.isnan(knee.low):
        return "without intervals: by the medians alone"
    return ""
