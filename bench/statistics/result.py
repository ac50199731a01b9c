"""What a run came to: made once from its measurements; reports read it and compute no statistics of their own."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from analysis.statistics.estimates import Estimate
from bench.backends.registry import info_of
from bench.records.case import END_TO_END, FULL_PRECISION, LATENCY, QUANTIZED, REFERENCE_BACKEND, TRAIN
from bench.statistics.case_result import CaseResult, summarise
from bench.statistics.knee import find_series
from bench.statistics.model_ratios import model_ratios
from bench.statistics.precision import judge_precision
from bench.statistics.published_order import published_orders
from bench.statistics.start_up import StartUp, break_even, median_phases, one_off_s, rounds_by_cache
from bench.statistics.summary import Ratio, ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from bench.records.measurement import Measurement
    from bench.statistics.knee import Series
    from bench.statistics.model_ratios import ModelRatio
    from bench.statistics.published_order import PublishedOrder, PublishedTimes

#: Under this name the settings of a run say that its precisions took turns with one another; earlier runs lack it.
PRECISIONS_MEET = "precisions_meet"
#: What a case shares with its reference.
_SHARED = ("model", "resolution", "batch", "memory_format", "device", "scenario", "pictures")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leader:
    """The fastest of the comparable cases of one precision that took turns, and its speed-up over the next, if any."""

    best: CaseResult
    following: CaseResult | None = None
    speedup: Estimate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run came to.

    `leaders` are the fastest of each interleaved group; `model_ratios` need groups of models, `orders` published times.
    """

    cases: tuple[CaseResult, ...] = ()
    model_ratios: tuple[ModelRatio, ...] = ()
    series: tuple[Series, ...] = ()
    leaders: tuple[Leader, ...] = ()
    orders: tuple[PublishedOrder, ...] = ()


def summarise_run(
    measurements: Sequence[Measurement],
    model_pairs: Sequence[Sequence[str]] = (),
    published: PublishedTimes | None = None,
    *,
    precisions_meet: bool = True,
) -> RunResult:
    """The result of a run; everything that is resampled for a report is resampled here, and once.

    Args:
        measurements: Of the run.
        model_pairs: Groups of models; of each, the others are compared with the first.
        published: Latencies whose order is compared with ours.
        precisions_meet: Whether the precisions of a model took turns with one another, as they do in every run since
            `PRECISIONS_MEET` is among its settings.
    """
    alone = [summarise(measurement) for measurement in measurements]
    cases = tuple(_compare(result, alone, precisions_meet=precisions_meet) for result in alone)
    return RunResult(
        cases=cases,
        model_ratios=model_ratios(cases, model_pairs),
        series=find_series(cases),
        leaders=_find_leaders(cases),
        orders=published_orders(cases, published or {}),
    )


def read_meeting(settings: Mapping[str, Any]) -> bool:
    """Whether the precisions of a model took turns with one another in a run with these settings."""
    return bool(settings.get(PRECISIONS_MEET, False))


def find_reference(
    result: CaseResult, cases: Sequence[CaseResult], *, precisions_meet: bool = True
) -> CaseResult | None:
    """The eager case in fp32 that took its turns beside this case, else that of the same precision; None without both.

    A backend with several requests in flight is compared, per image, with eager's one call at a time, a training step
    with eager's training step, and the way from a picture to its label with eager's way.
    """
    scenario = result.case.scenario if result.case.scenario in {TRAIN, END_TO_END} else LATENCY
    for precision in (FULL_PRECISION, result.case.precision) if precisions_meet else (result.case.precision,):
        for candidate in cases:
            if (
                candidate.case.backend == REFERENCE_BACKEND
                and candidate.case.precision == precision
                and candidate.case.memory_format == "contiguous"
                and candidate.case.match == result.case.match
                and (candidate.case.scenario, candidate.case.pictures) == (scenario, result.case.pictures)
                and candidate.status == "ok"
            ):
                return candidate
    return None


def _compare(result: CaseResult, cases: Sequence[CaseResult], *, precisions_meet: bool) -> CaseResult:
    """The result with its ratios to others that took turns beside it."""
    reference = find_reference(result, cases, precisions_meet=precisions_meet)
    speedup = _speed_up(result, reference)
    compared = replace(
        result,
        speedup=speedup.estimate,
        speedup_pairs=speedup.pairs or None,
        speedup_over=reference.case.describe(*_SHARED) if reference else "",
        start_ups=_start_ups(result, reference, speedup.estimate),
    )
    # Nobody has said what accuracy training in reduced precision comes to.
    if result.case.precision == FULL_PRECISION or result.case.scenario == TRAIN:
        return compared
    plain = _find_full_precision(result, cases) if precisions_meet else None
    over_plain = ratio(plain.measurement, result.measurement) if plain else Ratio(estimate=Estimate())
    name = plain.case.backend if plain else result.case.backend
    return replace(compared, precision=judge_precision(result.measurement, over_plain, name))


def _find_full_precision(result: CaseResult, cases: Sequence[CaseResult]) -> CaseResult | None:
    """The case that differs from a case in its precision alone, and has the full one."""
    own = result.case.backend
    beside = info_of(own).int8_beside if result.case.precision == QUANTIZED else ""
    for backend in filter(None, (beside, own)):
        wanted = replace(result.case, backend=backend, precision=FULL_PRECISION, calibration="")
        if found := next((candidate for candidate in cases if candidate.case == wanted), None):
            return found
    return None


def _speed_up(result: CaseResult, reference: CaseResult | None) -> Ratio:
    if reference is None:
        return Ratio(estimate=Estimate(reason="no comparable eager case took its turns beside it"))
    if reference is not result:
        return ratio(reference.measurement, result.measurement)
    turns = sum(1 for each in result.measurement.rounds for turn in each.turns_s if turn)
    return Ratio(estimate=Estimate(value=1.0, low=1.0, high=1.0) if turns else Estimate(), pairs=turns)


def _start_ups(result: CaseResult, reference: CaseResult | None, speedup: Estimate) -> tuple[StartUp, ...]:
    """The phases of a case by state of its compile cache, each against all rounds of the reference."""
    other = reference if reference is not result else None
    base_s = one_off_s((*other.measurement.repeated, *other.measurement.rounds)) if other else math.nan
    per_image_s = other.latency.value / other.measurement.images_per_sample if other else math.nan
    return tuple(
        StartUp(
            compile_cache=cache,
            rounds=len(rounds),
            phases_s=median_phases(rounds),
            one_off_s=one_off_s(rounds),
            break_even=break_even(one_off_s(rounds) - base_s, per_image_s, speedup),
        )
        for cache, rounds in rounds_by_cache(result.measurement).items()
    )


def _find_leaders(cases: Sequence[CaseResult]) -> tuple[Leader, ...]:
    groups: dict[object, list[CaseResult]] = {}
    for result in cases:
        if result.status == "ok" and result.samples and not result.queued:
            groups.setdefault((result.case.match, result.case.precision, result.case.scenario), []).append(result)
    return tuple(_find_leader(group) for group in groups.values())


def _find_leader(group: Sequence[CaseResult]) -> Leader:
    best, *others = sorted(group, key=lambda result: result.latency.value)
    if not others:
        return Leader(best=best)
    following = others[0]
    known = find_reference(best, group) is following
    speedup = best.speedup if known else ratio(following.measurement, best.measurement).estimate
    return Leader(best=best, following=following, speedup=speedup)
