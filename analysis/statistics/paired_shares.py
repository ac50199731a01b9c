"""Two shares of the same trials: how one differs from the other, such as top-1 of two networks on the same images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy

from analysis.statistics.estimates import COVERAGE, Estimate
from analysis.statistics.intervals import normal_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Flags = Sequence[bool] | NDArray[np.bool_]

#: Below half the width of any interval.
_NEAR = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedHits:
    """How many trials were hit by both, by one alone, and by neither.

    Args:
        only_original: By the original alone.
        only_converted: By the converted alone.
    """

    both: int
    only_original: int
    only_converted: int
    neither: int

    @property
    def trials(self) -> int:
        """All of them."""
        return self.both + self.only_original + self.only_converted + self.neither


def count_pairs(original_right: Flags, converted_right: Flags) -> PairedHits:
    """The four counts of trials.

    Args:
        original_right: Whether the original hit each trial, shape (n,).
        converted_right: The same of the converted, in the same order.
    """
    original, converted = np.asarray(original_right, bool), np.asarray(converted_right, bool)
    if original.shape != converted.shape:
        raise ValueError(f"both must be about the same trials; got {original.shape} and {converted.shape}")
    return PairedHits(
        both=int((original & converted).sum()),
        only_original=int((original & ~converted).sum()),
        only_converted=int((~original & converted).sum()),
        neither=int((~original & ~converted).sum()),
    )


def paired_change(original_right: Flags, converted_right: Flags, coverage: float = COVERAGE) -> Estimate:
    """The share of the converted minus that of the original, with Tango's score interval.

    The interval has a width even where both agree on every trial, and never leaves the range from -1 to 1. Simulated
    with 0.5 to 30 % of discordant trials, divided from equally to wholly to one side, it holds the change in 93 % of
    the cases or more: on average in 97.5 % with 60 trials, and in 95.1 % with 1,000.

    Args:
        original_right: Whether the original hit each trial, shape (n,).
        converted_right: The same of the converted, in the same order.
        coverage: Coverage of the interval.

    Source: Tango 1998, Stat. Med. 17:891, equations 11 to 14.
    """
    pairs = count_pairs(original_right, converted_right)
    if not pairs.trials:
        return Estimate(reason="no images")
    gained, lost, trials = pairs.only_converted, pairs.only_original, pairs.trials
    value, quantile = (gained - lost) / trials, normal_quantile(coverage)

    def beyond(change: float, side: int) -> float:
        """Below 0 as long as the counts do not speak against this change."""
        return side * (trials * change - gained + lost) - quantile * _score_deviation(gained, lost, trials, change)

    def bound(side: int) -> float:
        if value == side:
            return float(side)
        # At the value itself both terms may be 0.
        return float(scipy.optimize.brentq(beyond, value + side * _NEAR, side, args=(side,)))

    return Estimate(value=value, low=bound(-1), high=bound(1), method="tango")


def mcnemar_p(original_right: Flags, converted_right: Flags) -> float:
    """The exact two-sided p-value of equal shares: how likely the discordant trials divide at least so unequally.

    1 where both agree on every trial.

    Args:
        original_right: Whether the original hit each trial, shape (n,).
        converted_right: The same of the converted, in the same order.

    Source: McNemar 1947, Psychometrika 12:153; the binomial form is that of Fagerland et al. 2013, BMC Med. Res.
        Methodol. 13:91.
    """
    pairs = count_pairs(original_right, converted_right)
    discordant = pairs.only_original + pairs.only_converted
    return float(scipy.stats.binomtest(pairs.only_converted, discordant).pvalue) if discordant else 1.0


def _score_deviation(gained: int, lost: int, trials: int, change: float) -> float:
    """The standard deviation of ``gained - lost`` under a change, with the nuisance share that is most likely then."""
    linear = -gained - lost + (2 * trials - gained + lost) * change
    constant = -lost * change * (1 - change)
    root = math.sqrt(max(0.0, linear**2 - 8 * trials * constant))
    lost_share = (root - linear) / (4 * trials)
    return math.sqrt(max(0.0, trials * (2 * lost_share + change * (1 - change))))
