"""Statistics of a measurement: derived when asked for, never stored."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from analysis.statistics.estimates import COVERAGE
from bench.statistics.intervals import effective_count, median_interval, ratio_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.statistics.estimates import Estimate
    from bench.records.measurement import Measurement, Round
    from bench.statistics.intervals import Array

PERCENTILES = (90, 95, 99)
#: One-off phases a break-even counts. Imports are paid by every user of the library whichever backend runs, and the
#: length of the warm-up is the harness's choice, so neither is counted.
ONE_OFF_PHASES = ("build", "convert", "compile", "first_inference")


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One measurement in numbers; a number that can't be given is NaN or None, and `reasons` says why.

    Args:
        latency_s: Median over process rounds of the per-round medians, per call [s].
        latency_low_s: Lower bound of its 95 % interval [s].
        latency_high_s: Upper bound [s].
        throughput_per_s: Images over time taken, median over rounds; counts slow calls, unlike 1/latency.
        throughput_low_per_s: Lower bound of its 95 % interval.
        throughput_high_per_s: Upper bound.
        interval_method: How the interval of the latency came about: ``bootstrap``, ``student``, or empty without one.
        throughput_method: The same of the throughput.
        percentiles_s: By percentile; None where the sample is too small for it [s].
        samples: Number of timed calls.
        rounds: Number of process rounds with samples.
        outliers: Calls beyond 3 interquartile ranges from the quartiles of their round; counted, never dropped.
        spread_between: Standard deviation of the per-round medians over `latency_s`; NaN for one round.
        spread_within: Interquartile range over median, the middle one of the rounds.
        reasons: Field name to why it has no value.
    """

    latency_s: float = math.nan
    latency_low_s: float = math.nan
    latency_high_s: float = math.nan
    throughput_per_s: float = math.nan
    throughput_low_per_s: float = math.nan
    throughput_high_per_s: float = math.nan
    interval_method: str = ""
    throughput_method: str = ""
    percentiles_s: dict[int, float | None] = field(default_factory=lambda: dict.fromkeys(PERCENTILES))
    samples: int = 0
    rounds: int = 0
    outliers: int = 0
    spread_between: float = math.nan
    spread_within: float = math.nan
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """How many times as fast the second measurement is as the first.

    Args:
        speedup: Time per image of the base over that of the other; above 1 the other is faster.
        low: Lower bound of its 95 % interval; NaN where none can be given.
        high: Upper bound.
        pairs: Turns that both took at the same time.
        rounds: Process rounds with such turns.
        reason: Why there is no interval; empty where there is one.
    """

    speedup: float
    low: float
    high: float
    pairs: int
    rounds: int
    reason: str = ""

    @property
    def decided(self) -> bool:
        """Whether the interval leaves out 1."""
        return self.low > 1 or self.high < 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """After how many images a backend's one-off cost is paid back by its speed.

    Args:
        images: Number of images; 0 where nothing extra is paid, inf where it never pays, NaN where unknown.
        extra_s: One-off time beyond that of the base [s].
        saved_per_image_s: Time saved per image in steady state [s].
        reason: What to know about the number; empty where it is plain.
    """

    images: float
    extra_s: float
    saved_per_image_s: float
    reason: str = ""


def summarise(measurement: Measurement) -> Summary:
    """The statistics of one measurement, whatever its status; all missing where it has no samples."""
    rounds = [_turns(one) for one in measurement.rounds]
    rounds = [turns for turns in rounds if turns]
    if not rounds:
        return Summary(reasons={"latency": "no samples"})
    values = [np.concatenate(turns) for turns in rounds]
    medians = np.array([np.median(one) for one in values])
    latency = median_interval(values, [effective_count(turns) for turns in rounds])
    rate, throughput = _rate(rounds)
    images = measurement.images_per_sample
    pooled = np.sort(np.concatenate(values))
    return Summary(
        latency_s=float(np.median(medians)),
        latency_low_s=latency.low,
        latency_high_s=latency.high,
        throughput_per_s=images * rate,
        throughput_low_per_s=images * throughput.low,
        throughput_high_per_s=images * throughput.high,
        interval_method=latency.method,
        throughput_method=throughput.method,
        percentiles_s={percent: percentile(pooled, percent) for percent in PERCENTILES},
        samples=len(pooled),
        rounds=len(rounds),
        outliers=sum(_outliers(one) for one in values),
        spread_between=float(medians.std(ddof=1) / np.median(medians)) if len(medians) > 1 else math.nan,
        spread_within=float(np.median([_relative_iqr(one) for one in values])),
        reasons=_reasons(latency, throughput, len(pooled)),
    )


def ratio(base: Measurement, other: Measurement) -> Ratio | None:
    """The speed-up of `other` over `base` from the turns they took side by side, or None where that can't be said.

    Each pair is the ratio of two medians of the same turn of the same round; the estimate is the median over rounds of
    the per-round medians. None if either is not ``ok`` or no turn was taken by both.
    """
    if base.status != "ok" or other.status != "ok":
        return None
    rounds = [_paired(one, two) for one, two in zip(base.rounds, other.rounds, strict=False)]
    rounds = [pairs for pairs in rounds if len(pairs)]
    if not rounds:
        return None
    scale = other.images_per_sample / base.images_per_sample
    interval = median_interval(rounds, [float(len(pairs)) for pairs in rounds], least=1)
    return Ratio(
        speedup=float(np.median([np.median(pairs) for pairs in rounds])) * scale,
        low=interval.low * scale,
        high=interval.high * scale,
        pairs=sum(len(pairs) for pairs in rounds),
        rounds=len(rounds),
        reason=interval.reason,
    )


def break_even(base: Measurement, other: Measurement, compile_cache: str | None = None) -> BreakEven | None:
    """When the one-off cost of `other` beyond that of `base` is paid back; None where they can't be compared.

    Args:
        base: What is used instead, eager as a rule.
        other: The backend that compiles.
        compile_cache: Count only rounds of `other` with this state of its cache; None counts all.
    """
    speed = ratio(base, other)
    # What a round cost before its samples does not depend on how quiet the machine was while they were taken.
    costs = one_off_s((*other.repeated, *other.rounds), compile_cache), one_off_s((*base.repeated, *base.rounds))
    if speed is None or any(math.isnan(cost) for cost in costs):
        return None
    extra_s = costs[0] - costs[1]
    per_image_s = summarise(base).latency_s / base.images_per_sample
    saved_s = per_image_s * (1 - 1 / speed.speedup)
    if extra_s <= 0:
        return BreakEven(images=0.0, extra_s=extra_s, saved_per_image_s=saved_s, reason="costs nothing extra")
    if saved_s <= 0:
        return BreakEven(images=math.inf, extra_s=extra_s, saved_per_image_s=saved_s, reason="not faster: never pays")
    doubt = "" if speed.decided else "the speed-up can't be told from 1"
    return BreakEven(images=extra_s / saved_s, extra_s=extra_s, saved_per_image_s=saved_s, reason=doubt)


def one_off_s(rounds: Sequence[Round], compile_cache: str | None = None) -> float:
    """Median over rounds of the time in `ONE_OFF_PHASES` [s]; NaN without a round in that state of the cache."""
    totals = [
        sum(one.phases_s.get(phase, 0.0) for phase in ONE_OFF_PHASES)
        for one in rounds
        if one.phases_s and compile_cache in (None, one.compile_cache)
    ]
    return float(np.median(totals)) if totals else math.nan


def half_width(rounds: Sequence[Round]) -> float:
    """Relative half-width of the interval that counts, inf while there is none.

    It is that of the throughput where requests were in flight, whose windows are nobody's latency, else that of the
    latency. Made to be asked after every few turns: it costs a millisecond or two.
    """
    groups = [turns for one in rounds if (turns := _turns(one))]
    if any(one.requests_s for one in rounds):
        middle, interval = _rate(groups)
    else:
        values = [np.concatenate(turns) for turns in groups]
        interval = median_interval(values, [effective_count(turns) for turns in groups])
        middle = float(np.median([np.median(one) for one in values])) if values else math.nan
    return math.inf if interval.reason else (interval.high - interval.low) / 2 / middle


def least_samples(percent: int) -> int:
    """Fewest samples for which a finite two-sided 95 % order-statistic interval of the percentile exists."""
    share, count = percent / 100, 1
    while share**count + (1 - share) ** count > 1 - COVERAGE:
        count += 1
    return count


def _turns(one: Round) -> list[Array]:
    return [np.asarray(turn, dtype=float) for turn in one.turns_s if len(turn)]


def _rate(rounds: Sequence[Sequence[Array]]) -> tuple[float, Estimate]:
    """Samples over the time they took [1/s], median over rounds, with its interval."""
    done = [np.array([len(turn) for turn in turns], dtype=float) for turns in rounds]
    taken = [np.array([turn.sum() for turn in turns]) for turns in rounds]
    rates = [n.sum() / t.sum() for n, t in zip(done, taken, strict=True)]
    return float(np.median(rates)) if rates else math.nan, ratio_interval(done, taken)


def _paired(one: Round, two: Round) -> Array:
    pairs = zip(one.turns_s, two.turns_s, strict=False)
    return np.array([np.median(a) / np.median(b) for a, b in pairs if len(a) and len(b)])


def percentile(ordered: Array, percent: int) -> float | None:
    """The ceil(n p)-th smallest, a time that was really seen; None below `least_samples`."""
    if len(ordered) < least_samples(percent):
        return None
    # In integers, for 0.9 * 70 is a hair above 63.
    return float(ordered[-(-len(ordered) * percent // 100) - 1])


def _outliers(values: Array) -> int:
    low, high = np.quantile(values, [0.25, 0.75])
    reach = 3 * (high - low)
    return int(((values < low - reach) | (values > high + reach)).sum())


def _relative_iqr(values: Array) -> float:
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return float((high - low) / middle)


def _reasons(latency: Estimate, throughput: Estimate, samples: int) -> dict[str, str]:
    found = {"latency_interval": latency.reason, "throughput_interval": throughput.reason}
    for percent in PERCENTILES:
        least = least_samples(percent)
        found[f"p{percent}"] = "" if samples >= least else f"n={samples}, needs {least}"
    return {name: reason for name, reason in found.items() if reason}
