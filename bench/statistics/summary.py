"""Estimates from the raw samples of measurements; pure functions, and nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.statistics.estimates import COVERAGE, Estimate
from bench.statistics.intervals import (
    FRESH_ROUNDS,
    LEAST_SAMPLES,
    apply_rules,
    effective_count,
    median_interval,
    median_openness,
    ratio_interval,
    ratio_openness,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.records.measurement import Measurement, Round
    from bench.statistics.intervals import Array

PERCENTILES = (90, 95, 99)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """How many times as fast one measurement is as another, from turns that both took; above 1 the other is faster."""

    estimate: Estimate
    pairs: int = 0


def ratio(base: Measurement, other: Measurement) -> Ratio:
    """The speed-up of `other` over `base` from the turns they took side by side.

    Each pair is the ratio of two medians of the same turn of the same round; the estimate is the geometric mean over
    rounds of the per-round medians. It is missing where one of the two is not ``ok``, or no turn was taken by both.
    """
    for measurement in (other, base):
        if measurement.status != "ok":
            reason = f"{measurement.case.model} is {measurement.status}: {measurement.reason}"
            return Ratio(estimate=Estimate(reason=reason))
    rounds = [_pair_turns(*pair) for pair in zip(base.rounds, other.rounds, strict=False)]
    rounds = [pairs for pairs in rounds if len(pairs)]
    if not rounds:
        return Ratio(estimate=Estimate(reason="no turn was taken by both"))
    scale = other.images_per_sample / base.images_per_sample
    counts = [float(len(pairs)) for pairs in rounds]
    estimate = _estimate_median(rounds, counts, least=1, fresh=max(map(count_fresh, (base, other))))
    return Ratio(estimate=estimate.scaled(scale), pairs=sum(map(len, rounds)))


def turns_of(rounds: Sequence[Round], times: str = "turns_s") -> list[list[Array]]:
    """The samples of each process round by turn [s], or other times; turns and rounds without any are left out."""
    samples = [[np.asarray(turn, dtype=float) for turn in getattr(each, times) if len(turn)] for each in rounds]
    return [turns for turns in samples if turns]


def count_fresh(measurement: Measurement) -> int:
    """How many of its rounds followed the decision to stop; 0 where its times decided nothing."""
    return FRESH_ROUNDS if measurement.stop_reason == "target" else 0


def estimate_latency(rounds: Sequence[Sequence[Array]], *, fresh: int = 0) -> Estimate:
    """The geometric mean over process rounds of the per-round medians, of samples by round and turn [s].

    Args:
        rounds: Samples by round and turn [s].
        fresh: As `count_fresh` gives it.
    """
    if not rounds:
        return Estimate(reason="no samples")
    counts = [effective_count(turns) for turns in rounds]
    return _estimate_median([np.concatenate(turns) for turns in rounds], counts, fresh=fresh)


def estimate_throughput(rounds: Sequence[Sequence[Array]], images_per_sample: int = 1, *, fresh: int = 0) -> Estimate:
    """Images over time taken [1/s], of samples by round and turn [s]; counts slow calls, unlike 1/latency.

    Args:
        rounds: Samples by round and turn [s].
        images_per_sample: Multiplies the number of samples.
        fresh: As `count_fresh` gives it.
    """
    if not rounds:
        return Estimate(reason="no samples")
    done = [np.array([len(turn) for turn in turns], dtype=float) for turns in rounds]
    taken = [np.array([turn.sum() for turn in turns]) for turns in rounds]
    estimate = ratio_interval(done, taken, fresh=fresh)
    return apply_rules(estimate, list(map(ratio_openness, done, taken))).scaled(images_per_sample)


def half_width(rounds: Sequence[Round], *, fresh: int = 0) -> float:
    """Relative half-width of the interval that counts, inf while it does not exist.

    With several requests in flight this is the interval of the throughput, because a window is not a latency; otherwise
    it is the interval of the latency. The call takes a millisecond, so it can be made after every few turns.
    """
    in_flight = any(each.requests_s for each in rounds)
    return (estimate_throughput if in_flight else estimate_latency)(turns_of(rounds), fresh=fresh).half_width


def percentile(rounds: Sequence[Sequence[Array]], percent: int) -> float | None:
    """The ceil(n p)-th smallest of all samples, a time that was really seen; None where they can't bound it.

    They bound it from `least_samples` on. Samples of one turn, and of one process round, resemble each other, so it is
    not their number that counts but how many independent samples they are worth by either.

    Args:
        rounds: Samples by round and turn [s].
        percent: From 1 to 99.
    """
    turns = [turn for each in rounds for turn in each]
    if not turns:
        return None
    by_round = [np.concatenate(each) for each in rounds]
    if min(effective_count(groups, percent / 100) for groups in (turns, by_round)) < least_samples(percent):
        return None
    ordered = np.sort(np.concatenate(turns))
    # In integers, for 0.9 * 70 is a hair above 63.
    return float(ordered[-(-len(ordered) * percent // 100) - 1])


def least_samples(percent: int) -> int:
    """Fewest samples for which a finite two-sided 95 % order-statistic interval of the percentile exists."""
    share, count = percent / 100, 1
    while share**count + (1 - share) ** count > 1 - COVERAGE:
        count += 1
    return count


def count_outliers(values: Array) -> int:
    """Samples of a round beyond 3 interquartile ranges from its quartiles."""
    low, high = np.quantile(values, [0.25, 0.75])
    reach = 3 * (high - low)
    return int(((values < low - reach) | (values > high + reach)).sum())


def relative_iqr(values: Array) -> float:
    """Interquartile range over median."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return float((high - low) / middle)


def _estimate_median(
    rounds: Sequence[Array], effective: Sequence[float], *, least: int = LEAST_SAMPLES, fresh: int = 0
) -> Estimate:
    """The geometric mean over rounds of the per-round medians, with the interval that `apply_rules` leaves it."""
    estimate = median_interval(rounds, least=least, fresh=fresh)
    return apply_rules(estimate, list(map(median_openness, rounds, effective)))


def _pair_turns(base: Round, other: Round) -> Array:
    """The ratios of the medians of turns that both took in a round."""
    pairs = zip(base.turns_s, other.turns_s, strict=False)
    return np.array([np.median(above) / np.median(below) for above, below in pairs if len(above) and len(below)])
