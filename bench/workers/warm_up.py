"""When a model is warm."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


#: Two successive windows of calls agree when their medians differ by no more than this share.
STEADY_WITHIN = 0.03


#: A longer call suffers little from caches that another worker has filled: it needs no settling call, and its windows
#: have fewer calls.
LONG_CALL_S = 0.25


_WINDOW, _LONG_WINDOW = 5, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUp:
    """The result of a warm-up: calls made, whether two windows agreed, and the last window's median [s]."""

    calls: int
    steady: bool
    median_s: float


def warm_up(sample: Callable[[], float], *, max_s: float, max_calls: int) -> WarmUp:
    """Call until the medians [s] of two successive windows agree, or summed time [s] or number reaches its cap."""
    times: list[float] = []
    spent_s = 0.0
    while True:
        times.append(sample())
        spent_s += times[-1]
        window = _LONG_WINDOW if statistics.median(times) > LONG_CALL_S else _WINDOW
        if len(times) >= 2 * window and len(times) % window == 0:
            last, before = statistics.median(times[-window:]), statistics.median(times[-2 * window : -window])
            if abs(last - before) <= STEADY_WITHIN * before:
                return WarmUp(calls=len(times), steady=True, median_s=last)
        if len(times) >= max_calls or spent_s >= max_s:
            return WarmUp(calls=len(times), steady=False, median_s=statistics.median(times[-window:]))
