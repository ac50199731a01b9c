"""How a match has gone so far, and whether it goes on. Pure logic: the clock and the machine are the caller's."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.running.sampling import decide

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.records.measurement import Round
    from bench.records.settings import Settings


@dataclass(slots=True)
class RoundHistory:
    """The rounds of a match, as far as going on depends on them.

    A dirty round is measured again once. A clean repetition stands in its place; after a dirty one both stay, for a
    machine that is never quiet has no better rounds to give.

    Args:
        settings: The measuring settings.
        half_widths: After each round that counts, the relative half-width of each case's interval.
        took_s: Time of each round measured here, dirty ones that were replaced included [s].
        saved_s: Time by which a round to come is shorter than the last, for caches are filled [s].
        before_s: Time that a round took before an interruption [s]; NaN where there was none.
        suspect: Whether the last round is dirty and was not yet measured again.
    """

    settings: Settings
    half_widths: list[list[float]] = field(default_factory=list)
    took_s: list[float] = field(default_factory=list)
    saved_s: float = 0.0
    before_s: float = math.nan
    suspect: bool = False

    def recall(self, dirty: Iterable[bool], took_s: float) -> None:
        """Go on where rounds were kept from before an interruption.

        Args:
            dirty: Of each of them, whether it was.
            took_s: Time that the longest took [s]; what was compiled is gone, so the next takes as long.
        """
        for one in dirty:
            self.suspect = one and not self.suspect
        self.before_s = took_s

    def note(self, took_s: float, *, dirty: bool) -> bool:
        """Take in a round; whether it stands for the one before, which is then forgotten here.

        Args:
            took_s: Its time [s].
            dirty: Whether the machine was busy with something else.
        """
        self.took_s.append(took_s)
        replaces = self.suspect and not dirty
        self.suspect = dirty and not self.suspect
        if replaces and self.half_widths:
            self.half_widths.pop()
        return replaces

    @property
    def next_s(self) -> float:
        """Time that the next round will take [s]: as the last, less what caches save; NaN before the first."""
        return max(0.0, self.took_s[-1] - self.saved_s) if self.took_s else self.before_s

    def fits(self, left_s: float) -> bool:
        """Whether the next round can be over in the time that is left [s]; of one that nobody knows it is hoped."""
        return left_s > 0 and not self.next_s > left_s

    @property
    def uncertainty(self) -> float:
        """The widest relative half-width over the target; inf while a case has no interval."""
        if not self.half_widths or not self.half_widths[-1]:
            return math.inf
        return max(width if math.isfinite(width) else math.inf for width in self.half_widths[-1]) / self.settings.target

    def why_stop(self, left_s: float | None) -> str:
        """Why no further round is measured, as `bench.running.sampling.decide` says; empty to go on.

        Args:
            left_s: Time left to this match [s], None without a limit.
        """
        fits = left_s is None or self.fits(left_s)
        stop = decide(self.settings, self.half_widths, left_s, self.next_s) or ("" if fits else "budget")
        return "" if self.suspect and fits else stop


def spent_s(part: Round) -> float:
    """Time that a round of a case took, as far as it is stored [s]."""
    return sum(part.phases_s.values()) + sum(map(sum, part.turns_s))
