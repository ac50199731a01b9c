"""When a model is warm, how many turns it takes, and when to stop. Pure logic: the clock is the caller's."""

from __future__ import annotations

import itertools
import statistics
from typing import TYPE_CHECKING

from bench.workers.warm_up import LONG_CALL_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.records.settings import Settings

#: Fewer turns say little about the drift of the machine, and fewer samples give a round no interval.
_MIN_TURNS = 5


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
