"""Comparisons over random networks, and what a list of them shows.

A list holds if the 95 % interval of every comparison lies on the right side, and fails if the interval of one lies on
the wrong side, widened so that the chance that any of them does so by accident stays at 5 % (Bonferroni). In between it
can't be told: a study with few networks is no evidence against a claim, or for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.rank.layers.statistics import mean_of, student_t

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.rank.spectra.spectrum import Array

#: Detail of a finding where a rule can't be applied.
LACKING = "the study lacks blocks, activations or ratios that the rule names"
_ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a claim held, and what showed it; None where that can't be told."""

    held: bool | None
    detail: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One number per network that should lie above `above`, or within +-`within` of 0, and how to call it."""

    label: str
    values: Array
    above: float = 0.0
    within: float | None = None

    def judge(self, comparisons: int) -> bool | None:
        """Whether its mean is shown to lie where it should, or where it should not; None in between."""
        mean = mean_of(self.values)
        wide = student_t(len(self.values) - 1, 1 - _ALPHA / comparisons) * mean.se
        if self.within is None:
            return True if mean.low > self.above else False if mean.value + wide <= self.above else None
        inside = -self.within <= mean.low and mean.high <= self.within
        outside = abs(mean.value) - wide > self.within
        return True if inside else False if outside else None


def decide(comparisons: Sequence[Comparison]) -> Finding:
    """Held if every comparison is shown, failed if one is shown to be otherwise."""
    if not comparisons:
        return Finding(None, LACKING)
    verdicts = [one.judge(len(comparisons)) for one in comparisons]
    shown = f"{sum(verdict is True for verdict in verdicts)} of {len(verdicts)} comparisons hold"
    against = [one for one, verdict in zip(comparisons, verdicts, strict=True) if verdict is False]
    if against:
        first = against[0]
        mean = float(np.mean(first.values))
        return Finding(False, f"{shown}, {len(against)} are shown to fail, such as {first.label}: {mean:+.3f}")
    return Finding(all(verdicts) or None, shown)
