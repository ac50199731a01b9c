"""When a model is warm, how many turns it takes, and when to stop. Pure logic: the clock is the caller's."""

from __future__ import annotations

import itertools
import statistics
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Two successive windows of calls agree when their medians differ by no more than this share.
STEADY_WITHIN = 0.03
#: A longer call suffers little from caches that another worker has filled: it needs no settling call, and fewer of it
#: make a window.
LONG_CALL_S = 0.25
_WINDOW, _LONG_WINDOW = 5, 2
#: Fewer turns say little about the drift of the machine, and fewer samples give a round no interval.
_MIN_TURNS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How thoroughly to measure.

    Args:
        min_rounds: Process rounds before target and plateau may end a match; the budget may end it after one.
        max_rounds: Process rounds at most.
        target: Relative half-width of the 95 % interval at which a case is done.
        slice_s: Length of one turn [s].
        round_s: Sampling time per case and round [s].
        warm_s: Cap of the warm-up per round [s].
        warm_calls: Cap of the warm-up per round.
        limit_s: Time a case may take in one round, all phases included, before it counts as hung [s].
        budget_s: Time the whole run should take [s]; None for as long as it needs. A match under way gets its
            first rounds in any case, so that every planned case has a row.
        seed: Of weights, inputs and turn order.
        memory_limit_bytes: Resident memory at which a worker is ended; None for no limit.
    """

    min_rounds: int = 3
    max_rounds: int = 6
    target: float = 0.02
    slice_s: float = 0.15
    round_s: float = 3.0
    warm_s: float = 15.0
    warm_calls: int = 200
    limit_s: float = 300.0
    budget_s: float | None = None
    seed: int = 0
    memory_limit_bytes: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUp:
    """How a warm-up went: calls made, whether its windows agreed, and the last window's median [s]."""

    calls: int
    steady: bool
    median_s: float


def warm_up(sample: Callable[[], float], *, max_s: float, max_calls: int) -> WarmUp:
    """Call until the medians of two successive windows agree, or a cap is reached.

    Args:
        sample: Makes one call and returns its time [s].
        max_s: Cap on the summed time of the calls [s].
        max_calls: Cap on their number.
    """
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


def plan_turns(settings: Settings, medians_s: Sequence[float]) -> int:
    """Turns in a round: `round_s` per case when calls are short, fewer when one call outlasts a slice.

    Args:
        settings: The measuring settings.
        medians_s: Warm call time of each case in the match [s].
    """
    if not medians_s:
        return 0
    turn_s = statistics.fmean(
        max(settings.slice_s, median) + (median if median < LONG_CALL_S else 0.0) for median in medians_s
    )
    return max(_MIN_TURNS, round(settings.round_s / turn_s))


def decide(settings: Settings, half_widths: Sequence[Sequence[float]], left_s: float | None, next_s: float) -> str:
    """Whether a match is done, and why.

    Args:
        settings: The measuring settings.
        half_widths: After each round, the relative half-width of each case's interval; NaN counts as too wide.
        left_s: Time left to this match [s], None without a limit.
        next_s: Time the next round will take [s].

    Returns:
        ``target``, ``plateau``, ``rounds`` (the cap was reached) or ``budget`` (the time was); empty to go on.
    """
    rounds = len(half_widths)
    if rounds >= settings.min_rounds:
        if all(width <= settings.target for width in half_widths[-1]):
            return "target"
        if rounds > settings.min_rounds and _has_plateaued(half_widths):
            return "plateau"
    if rounds >= settings.max_rounds:
        return "rounds"
    if left_s is not None and left_s < next_s:
        return "budget"
    return ""


def _has_plateaued(half_widths: Sequence[Sequence[float]]) -> bool:
    """Whether the last two rounds each narrowed the widest interval by less than a tenth."""
    widest = [max(widths) for widths in half_widths[-3:]]
    return len(widest) == 3 and all(after > 0.9 * before for before, after in itertools.pairwise(widest))  # noqa: PLR2004
