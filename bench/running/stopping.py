"""The rounds of an interleaved group so far, and whether another follows. Pure logic: no clock and no machine here."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.statistics.intervals import FRESH_ROUNDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bench.records.measurement import Round
    from bench.records.settings import Settings


@dataclass(slots=True)
class RoundHistory:
    """The rounds of a group, as far as the decision on another one depends on them.

    A disturbed round is measured again once. An undisturbed repetition replaces it; after a disturbed repetition both
    stay, for a machine that is never quiet has no better rounds to give.

    Args:
        settings: The measuring settings.
        half_widths: After each round that counts, the relative half-width of each case's interval.
        took_s: Time of each round measured by this process, replaced ones included [s].
        saved_s: Time by which later rounds are shorter than the last, because caches are filled [s].
        before_s: Time that a round took before an interruption [s]; NaN where there was none.
        suspect: Whether the last round was disturbed and has not been measured again.
    """

    settings: Settings
    half_widths: list[list[float]] = field(default_factory=list)
    took_s: list[float] = field(default_factory=list)
    saved_s: float = 0.0
    before_s: float = math.nan
    suspect: bool = False

    def restore(self, disturbed: Iterable[bool], took_s: float) -> None:
        """Continue from rounds that were stored before an interruption, given whether each was disturbed.

        Compiled code is gone, so the next round takes as long as the longest of them [s].
        """
        for was_disturbed in disturbed:
            self.suspect = was_disturbed and not self.suspect
        self.before_s = took_s

    def add_round(self, took_s: float, *, disturbed: bool) -> bool:
        """Add a round and its time [s]; return whether it replaces the round before, whose half-widths are removed."""
        self.took_s.append(took_s)
        replaces = self.suspect and not disturbed
        self.suspect = disturbed and not self.suspect
        if replaces and self.half_widths:
            self.half_widths.pop()
        return replaces

    @property
    def next_s(self) -> float:
        """Expected time of the next round [s]: the last round's time minus what caches save; NaN before the first."""
        return max(0.0, self.took_s[-1] - self.saved_s) if self.took_s else self.before_s

    def fits(self, left_s: float) -> bool:
        """True if the next round should fit into the time left [s]; also if its length is unknown."""
        return left_s > 0 and not self.next_s > left_s

    @property
    def uncertainty(self) -> float:
        """The widest relative half-width over the target; inf while a case has no interval."""
        if not self.half_widths or not self.half_widths[-1]:
            return math.inf
        return max(width if math.isfinite(width) else math.inf for width in self.half_widths[-1]) / self.settings.target

    def why_stop(self, left_s: float | None) -> str:
        """Why no further round is measured: as `decide` returns it, or ``budget`` (no time left); else empty.

        `left_s` is the time left to this group [s], None without a limit.
        """
        fits = left_s is None or self.fits(left_s)
        stop = decide(self.settings, self.half_widths) or ("" if fits else "budget")
        return "" if self.suspect and fits else stop


def decide(settings: Settings, half_widths: Sequence[Sequence[float]]) -> str:
    """Whether a group has enough rounds: ``rounds`` (the cap is reached), ``target`` or ``plateau``; empty to continue.

    A few rounds may agree by chance, and to stop at such a moment makes intervals too narrow. So once every case has
    met the target, `FRESH_ROUNDS` more rounds follow, whatever they show; `bench.statistics.intervals` says what they
    do to the interval. At the cap a group would have stopped anyway, and nothing was chosen.

    Args:
        settings: The measuring settings.
        half_widths: After each round, the relative half-width of each case's interval; NaN counts as too wide.
    """
    rounds = len(half_widths)
    if rounds >= settings.max_rounds:
        return "rounds"
    if met := _met_after(settings, half_widths):
        return "target" if rounds >= met + FRESH_ROUNDS else ""
    return "plateau" if rounds > settings.min_rounds and _has_plateaued(half_widths) else ""


def _met_after(settings: Settings, half_widths: Sequence[Sequence[float]]) -> int:
    """The number of rounds after which every case had met the target for the first time; 0 where they have not."""
    for rounds, widths in enumerate(half_widths, start=1):
        if rounds >= settings.min_rounds and all(width <= settings.target for width in widths):
            return rounds
    return 0


def _has_plateaued(half_widths: Sequence[Sequence[float]]) -> bool:
    """Whether the last two rounds each narrowed the widest interval by less than a tenth."""
    widest = [max(widths) for widths in half_widths[-3:]]
    return len(widest) == 3 and all(after > 0.9 * before for before, after in itertools.pairwise(widest))  # noqa: PLR2004


def spent_s(measured: Round) -> float:
    """Time that a round of a case took, as far as it is stored [s]."""
    return sum(measured.phases_s.values()) + sum(map(sum, measured.turns_s))
