"""The energy of an image above that of the idle machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from analysis.statistics.estimates import Estimate
from bench.records.energy import DRAM, PACKAGE
from bench.statistics.intervals import apply_rules, ratio_interval, ratio_openness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.records.energy import Energy
    from bench.records.measurement import Round

_EARLIER = "measured by a version that read no energy"


def _missing() -> Estimate:
    return Estimate(reason="no samples")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyResult:
    """What an image costs beyond the idle machine.

    Args:
        package: Energy of the processors [J]; geometric mean over rounds of each round's energy over its images.
        dram: The same of the memory modules [J].
        idle_w: Power of the processors while all workers waited, the median of the rounds [W]; None where not known.
    """

    package: Estimate = field(default_factory=_missing)
    dram: Estimate = field(default_factory=_missing)
    idle_w: float | None = None


def summarise_energy(rounds: Sequence[Round], *, fresh: int = 0) -> EnergyResult:
    """The energy of a case in some rounds, of which the last `fresh` followed the decision to stop."""
    if not rounds:
        return EnergyResult()
    read = [each.energy for each in rounds if each.energy]
    idle = [energy.idle_w[PACKAGE] for energy in read if PACKAGE in energy.idle_w]
    why = next((energy.reason for energy in read if energy.reason), _EARLIER)
    return EnergyResult(
        package=_estimate(read, PACKAGE, why, fresh),
        dram=_estimate(read, DRAM, "the memory's energy can't be read", fresh),
        idle_w=float(np.median(idle)) if idle else None,
    )


def _estimate(read: Sequence[Energy], domain: str, why: str, fresh: int) -> Estimate:
    """Above idle, per image [J], from the rounds in which the domain could be read; `why` is said where none could."""
    rounds = [energy for energy in read if domain in energy.turns_j]
    if not rounds:
        return Estimate(reason=why)
    above = [_above_idle(energy, domain) for energy in rounds]
    images = [np.array(energy.images, dtype=float) for energy in rounds]
    if min(turns.sum() for turns in above) <= 0:
        return Estimate(reason="in a round no more energy was used than by the idle machine")
    estimate = ratio_interval(above, images, fresh=fresh)
    return apply_rules(estimate, list(map(ratio_openness, above, images)))


def _above_idle(energy: Energy, domain: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    turns_j, turns_s = (np.array(values, dtype=float) for values in (energy.turns_j[domain], energy.turns_s))
    return turns_j - energy.idle_w[domain] * turns_s
