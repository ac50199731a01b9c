"""From pairs of processes to what a comparison sees: false alarms, power and the floor. Arrays only, no clock.

A trial is a comparison as `verdicts` makes it: some pairs, drawn from all without repetition, and Student's t of
their log-ratios. Which process of a pair was the base was left to a coin, so the other outcome of the coin is as good a
trial: signs are drawn, too. Trials overlap; their number makes a rate smooth, and only the pairs make it certain. Its
standard error is therefore the jackknife's, leaving out one pair at a time. The trials without a pair are those with it
but for that pair, so that their rates differ by what it does and not by another draw.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.statistics.estimates import COVERAGE
from analysis.statistics.intervals import student_quantile, upper_deviation
from analysis.statistics.significance import detectable_shift
from bench.statistics.verdicts import summarise_change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analysis.statistics.estimates import Estimate
    from bench.records.pair import Pair
    from bench.statistics.intervals import Array

    Places = NDArray[np.intp]

#: Share of trials in which a slow-down must be found to count as visible.
POWER = 0.95
TRIALS = 8000
#: A slow-down of e to the tenth is as good as any.
_MOST = 10.0
_SEED = 20_210_607


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionRate:
    """A share of trials.

    Args:
        level: By how much the head was slower; 0 is the test of a build against itself.
        told: Share of trials in which a difference was told: of either sign at level 0, a slow-down at others.
        error: Standard error of it; NaN with too few pairs.
        alarms: Share in which the verdict was SLOWER, or at level 0 FASTER: told, and beyond the band.
    """

    level: float
    told: float
    error: float
    alarms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerAnalysis:
    """What a comparison of one case sees on this machine.

    Args:
        pairs: Pairs of fresh processes.
        rounds: Pairs in a trial.
        rates: For each level.
        spread: Standard deviation of the log-ratio from pair to pair, at level 0.
        floor: Smallest slow-down that a comparison finds in 95 % of repetitions, from `spread`; NaN below two pairs.
        floor_high: Upper bound of its one-sided 95 % interval.
        seen: Smallest of the levels tried that was found in 95 % of trials; NaN where none was.
        disjoint: Comparisons that share no pair, in the order taken.
        disjoint_told: Of those, the ones that told a difference where there was none.
        bias: The change of all pairs together at level 0, which should be none.
        added: The slow-down that was really added, by level: the head's own time against itself without.
    """

    pairs: int
    rounds: int
    rates: tuple[DetectionRate, ...]
    spread: float
    floor: float
    floor_high: float
    seen: float
    disjoint: int
    disjoint_told: int
    bias: Estimate
    added: tuple[float, ...]


def pair_logs(pair: Pair) -> Array:
    """Log-ratio of head over base for each level: the median over turns of the ratios of turn medians."""
    base, head = (
        np.array([[np.median(turn) for turn in turns] for turns in side]) for side in (pair.base_s, pair.head_s)
    )
    logs: Array = np.median(np.log(head / base), axis=1)
    return logs


def evaluate(logs: Array, levels: Sequence[float], rounds: int, band: float) -> PowerAnalysis:
    """What comparisons of `rounds` pairs see.

    Args:
        logs: As `pair_logs` gives them, ``(pairs, levels)``; level 0 comes first.
        levels: Shares by which the head was slower.
        rounds: Pairs in a comparison, 2 or more.
        band: The band of the verdict.
    """
    count = len(logs)
    rates = tuple(_rate(logs[:, place], level, rounds, band) for place, level in enumerate(levels))
    spread = float(logs[:, 0].std(ddof=1)) if count > 1 else math.nan
    ends = [logs[start : start + rounds, 0] for start in range(0, count - rounds + 1, rounds)]
    return PowerAnalysis(
        pairs=count,
        rounds=rounds,
        rates=rates,
        spread=spread,
        floor=least_visible(spread, rounds),
        floor_high=least_visible(upper_deviation(spread, max(count - 1, 1)), rounds),
        seen=min((rate.level for rate in rates if rate.level and rate.told >= POWER), default=math.nan),
        disjoint=len(ends),
        disjoint_told=sum(summarise_change(end).p_value <= 1 - COVERAGE for end in ends),
        bias=summarise_change(logs[:, 0]).estimate,
        added=tuple(float(np.expm1(np.median(logs[:, place] - logs[:, 0]))) for place in range(len(levels))),
    )


def least_visible(spread: float, rounds: int) -> float:
    """The slow-down that a comparison of so many rounds finds in 95 % of repetitions, where rounds are normal.

    Args:
        spread: Standard deviation of a round's log-ratio.
        rounds: 2 or more.
    """
    return math.expm1(min(detectable_shift(rounds, POWER) * spread / math.sqrt(rounds), _MOST))


def _rate(logs: Array, level: float, rounds: int, band: float) -> DetectionRate:
    """The rate at one level, with its jackknife error."""
    if len(logs) < rounds:
        return DetectionRate(level=level, told=math.nan, error=math.nan, alarms=math.nan)
    pairs, signs = _draw(len(logs), rounds)
    told, alarms = _judge(_values(logs, level, pairs[:, :rounds], signs), level, band)
    error = math.nan
    if len(logs) > rounds:
        left_out = [
            _judge(_values(logs, level, _without(one, pairs, rounds), signs), level, band)[0]
            for one in range(len(logs))
        ]
        error = math.sqrt((len(logs) - 1) * float(np.var(left_out)))
    return DetectionRate(level=level, told=told, error=error, alarms=alarms)


def _draw(count: int, rounds: int) -> tuple[Places, Array]:
    """For each trial its pairs and one more, ``(trials, rounds + 1)`` of places, and a sign for every pair there is."""
    rng = np.random.default_rng(_SEED)
    pairs = rng.random((TRIALS, count)).argsort(axis=1)[:, : rounds + 1]
    signs: Array = rng.choice([-1.0, 1.0], size=(TRIALS, count))
    return pairs, signs


def _without(one: int, pairs: Places, rounds: int) -> Places:
    """The trials' pairs where one is left out, and the one more stands in for it."""
    chosen = pairs[:, :rounds]
    return np.where(chosen == one, pairs[:, rounds:], chosen)


def _values(logs: Array, level: float, pairs: Places, signs: Array) -> Array:
    """Log-ratios of trials, ``(trials, rounds)``, with the sides of those pairs exchanged whose sign says so."""
    # What was added stays where it is: with sides exchanged, the other process would have been slowed.
    added = math.log1p(level)
    drawn: Array = np.take_along_axis(signs, pairs, axis=1) * (logs[pairs] - added) + added
    return drawn


def _judge(drawn: Array, level: float, band: float) -> tuple[float, float]:
    """Shares of trials in which a difference is told, and in which it is also beyond the band."""
    rounds = drawn.shape[1]
    estimates, threshold = drawn.mean(axis=1), student_quantile(rounds - 1)
    errors = drawn.std(axis=1, ddof=1) / math.sqrt(rounds)
    slower = estimates > threshold * errors
    faster = -estimates > threshold * errors if level == 0 else np.zeros_like(slower)
    told = slower | faster
    beyond = np.abs(estimates) > math.log1p(band)
    return float(told.mean()), float((told & beyond).mean())
