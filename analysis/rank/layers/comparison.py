"""Comparisons over random networks, and what a list of comparisons shows.

A list holds if the 95 % interval of every comparison lies on the right side. It fails if one interval lies on the wrong
side, after all intervals were widened so that the chance of any false failure stays at 5 % (Bonferroni). Otherwise the
list is open: a study with few networks is no evidence for a claim or against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.statistics.intervals import shared_coverage, standard_error, student_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.rank.spectra.spectrum import Array

#: Detail of a finding whose rule can't be applied.
LACKING = "the study lacks blocks, activations or ratios that the rule names"


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a claim held, and what showed it; `held` is None where the study leaves the claim open."""

    held: bool | None
    detail: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One number per network whose mean should exceed `above`, or lie within +-`within` of 0, with its label."""

    label: str
    values: Array
    above: float = 0.0
    within: float | None = None

    def judge(self, comparisons: int) -> bool | None:
        """True if the mean is shown to lie where it should, False if it is shown to lie elsewhere, else None.

        Args:
            comparisons: How many there are in the list, which share the chance of a false failure.
        """
        mean, error, dof = float(np.mean(self.values)), standard_error(self.values), len(self.values) - 1
        half, wide = student_quantile(dof) * error, student_quantile(dof, shared_coverage(comparisons)) * error
        if self.within is None:
            return True if mean - half > self.above else False if mean + wide <= self.above else None
        inside = abs(mean) + half <= self.within
        outside = abs(mean) - wide > self.within
        return True if inside else False if outside else None


def decide(comparisons: Sequence[Comparison]) -> Finding:
    """The finding of a list: held if every comparison holds, failed if one fails, else open."""
    if not comparisons:
        return Finding(None, LACKING)
    verdicts = [comparison.judge(len(comparisons)) for comparison in comparisons]
    summary = f"{sum(verdict is True for verdict in verdicts)} of {len(verdicts)} comparisons hold"
    failed = [comparison for comparison, verdict in zip(comparisons, verdicts, strict=True) if verdict is False]
    if failed:
        mean = float(np.mean(failed[0].values))
        return Finding(False, f"{summary}, {len(failed)} are shown to fail, such as {failed[0].label}: {mean:+.3f}")
    return Finding(all(verdicts) or None, summary)
