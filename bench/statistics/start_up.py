"""What a backend costs before its first useful answer, and after how many images its speed pays that back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.records.measurement import PHASES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analysis.statistics.estimates import Estimate
    from bench.records.measurement import Measurement, Round

#: One-off phases a break-even counts. Imports are paid by every user of the library whichever backend runs, and the
#: length of the warm-up is the harness's choice, so neither is counted.
ONE_OFF_PHASES = ("build", "convert", "quantize", "compile", "first_inference")


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """After how many images a backend's one-off cost is paid back by its speed.

    Args:
        images: Number of images; 0 where nothing extra is paid, inf where it never pays.
        extra_s: One-off time beyond that of the base [s].
        saved_per_image_s: Time saved per image in steady state [s].
        reason: What to know about the number; empty where it is plain.
    """

    images: float
    extra_s: float
    saved_per_image_s: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartUp:
    """The phases of a case in the rounds whose compile cache was in one state.

    Args:
        compile_cache: ``cold``, ``cached``, or empty where nothing is compiled.
        phases_s: Median duration of each of `bench.records.measurement.PHASES` [s]; NaN for one that did not happen.
        one_off_s: Median time in `ONE_OFF_PHASES` [s]; NaN without any phase.
        break_even: Against the base; None where the two can't be compared.
    """

    compile_cache: str
    rounds: int
    phases_s: Mapping[str, float]
    one_off_s: float
    break_even: BreakEven | None = None


def rounds_by_cache(measurement: Measurement) -> dict[str, list[Round]]:
    """All rounds of a case by the state of their compile cache.

    Those that were measured again count: a round is disturbed by what happened while it was sampled, long after its
    phases, and only the first round compiles cold.
    """
    groups: dict[str, list[Round]] = {}
    for each in (*measurement.repeated, *measurement.rounds):
        groups.setdefault(each.compile_cache or "", []).append(each)
    return dict(sorted(groups.items()))


def one_off_s(rounds: Sequence[Round]) -> float:
    """Median over rounds of the time in `ONE_OFF_PHASES` [s]; NaN where no round has phases."""
    totals = [sum(each.phases_s.get(phase, 0.0) for phase in ONE_OFF_PHASES) for each in rounds if each.phases_s]
    return float(np.median(totals)) if totals else math.nan


def median_phases(rounds: Sequence[Round]) -> dict[str, float]:
    """Median duration of each phase [s]; NaN for one that did not happen."""
    times = {phase: [each.phases_s[phase] for each in rounds if phase in each.phases_s] for phase in PHASES}
    return {phase: float(np.median(values)) if values else math.nan for phase, values in times.items()}


def break_even(extra_s: float, base_per_image_s: float, speedup: Estimate) -> BreakEven | None:
    """When a one-off cost beyond that of the base [s] is paid back; None where a number for it is missing."""
    saved_s = base_per_image_s * (1 - 1 / speedup.value)
    if math.isnan(extra_s) or math.isnan(saved_s):
        return None
    images, reason = extra_s / saved_s if saved_s else math.inf, ""
    if extra_s <= 0:
        images, reason = 0.0, "costs nothing extra"
    elif saved_s <= 0:
        images, reason = math.inf, "not faster: never pays"
    elif not speedup.has_interval:
        reason = "the speed-up has no interval"
    elif not speedup.excludes(1):
        reason = "the speed-up does not differ significantly from 1"
    return BreakEven(images=images, extra_s=extra_s, saved_per_image_s=saved_s, reason=reason)
