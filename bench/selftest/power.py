"""From pairs of processes to what a comparison sees: false positives, power, minimum detectable effect. Arrays only.

A trial is a comparison as `verdicts` makes it: some pairs, drawn from all without repetition, and Student's t of
their log-ratios. Base and head of a pair run the same code and start in random order, so a pair with both exchanged is
as good a trial: signs are drawn, too. Trials overlap; their number makes a rate smooth, and only the pairs make it
certain. Its standard error is therefore the jackknife's, leaving out one pair at a time. Leave-one-out rates reuse the
same trials with that pair replaced, so that they differ by the pair and not by another draw.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.statistics.estimates import COVERAGE
from analysis.statistics.intervals import student_quantile, upper_deviation
from analysis.statistics.significance import detectable_shift
from bench.statistics.verdicts import summarise_change, turn_log_ratios

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analysis.statistics.estimates import Estimate
    from bench.records.pair import Pair
    from bench.statistics.intervals import Array

    Places = NDArray[np.intp]

#: Share of trials that must detect a slow-down for it to count as detectable.
POWER = 0.95
TRIALS = 8000
#: A slow-down of e to the tenth is as good as any.
_MOST = 10.0
_SEED = 20_210_607


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionRate:
    """Shares of trials.

    Args:
        level: By how much the head was slower; 0 is the test of a build against itself.
        significant: Share of trials with a significant difference: of either sign at level 0, a slow-down at others.
        error: Standard error of `significant`; NaN with too few pairs.
        verdicts: Share with the verdict SLOWER, or at level 0 also FASTER: significant, and beyond the margin.
    """

    level: float
    significant: float
    error: float
    verdicts: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerAnalysis:
    """What a comparison of one case sees on this machine.

    Args:
        pairs: Pairs of fresh processes.
        rounds: Pairs in a trial.
        spread: Standard deviation of the log-ratio from pair to pair, at level 0.
        detectable: Minimum detectable effect: the smallest slow-down that a comparison finds in 95 % of repetitions,
            from `spread`; NaN below two pairs.
        detectable_high: Upper bound of its one-sided 95 % interval.
        seen: Smallest level tried that 95 % of trials detected; NaN if no level was.
        disjoint: Comparisons that share no pair, in the order taken.
        disjoint_significant: Those of them with a significant difference where there was none.
        bias: The change of all pairs together at level 0, which should be 0.
        added: The slow-down that was really added, by level: the head's own time against its time at full speed.
    """

    pairs: int
    rounds: int
    rates: tuple[DetectionRate, ...]
    spread: float
    detectable: float
    detectable_high: float
    seen: float
    disjoint: int
    disjoint_significant: int
    bias: Estimate
    added: tuple[float, ...]

    @property
    def false_positive_rate(self) -> float:
        """Share of trials with a significant difference where nothing was changed."""
        return self.rates[0].significant


def pair_logs(pair: Pair) -> Array:
    """Log-ratio of head over base for each level, as a comparison computes it for a round."""
    return np.array([np.median(turn_log_ratios(*turns)) for turns in zip(pair.base_s, pair.head_s, strict=True)])


def evaluate(logs: Array, levels: Sequence[float], rounds: int, margin: float) -> PowerAnalysis:
    """What comparisons of 2 or more `rounds` see, given the equivalence margin of their verdict.

    `logs` are as `pair_logs` gives them, ``(pairs, levels)``; level 0 comes first.
    """
    count = len(logs)
    rates = tuple(_rate(logs[:, place], level, rounds, margin) for place, level in enumerate(levels))
    spread = float(logs[:, 0].std(ddof=1)) if count > 1 else math.nan
    ends = [logs[start : start + rounds, 0] for start in range(0, count - rounds + 1, rounds)]
    return PowerAnalysis(
        pairs=count,
        rounds=rounds,
        rates=rates,
        spread=spread,
        detectable=detectable_effect(spread, rounds),
        detectable_high=detectable_effect(upper_deviation(spread, max(count - 1, 1)), rounds),
        seen=min((rate.level for rate in rates if rate.level and rate.significant >= POWER), default=math.nan),
        disjoint=len(ends),
        disjoint_significant=sum(summarise_change(end).p_value <= 1 - COVERAGE for end in ends),
        bias=summarise_change(logs[:, 0]).estimate,
        added=tuple(float(np.expm1(np.median(logs[:, place] - logs[:, 0]))) for place in range(len(levels))),
    )


def detectable_effect(spread: float, rounds: int) -> float:
    """The slow-down that a comparison finds in 95 % of repetitions, where log-ratios of rounds are normal."""
    return math.expm1(min(detectable_shift(rounds, POWER) * spread / math.sqrt(rounds), _MOST))


def _rate(logs: Array, level: float, rounds: int, margin: float) -> DetectionRate:
    if len(logs) < rounds:
        return DetectionRate(level=level, significant=math.nan, error=math.nan, verdicts=math.nan)
    pairs, signs = _draw(len(logs), rounds)
    significant, verdicts = _find_rates(_values(logs, level, pairs[:, :rounds], signs), level, margin)
    error = math.nan
    if len(logs) > rounds:
        left_out = [
            _find_rates(_values(logs, level, _replace_pair(pair, pairs, rounds), signs), level, margin)[0]
            for pair in range(len(logs))
        ]
        error = math.sqrt((len(logs) - 1) * float(np.var(left_out)))
    return DetectionRate(level=level, significant=significant, error=error, verdicts=verdicts)


def _draw(count: int, rounds: int) -> tuple[Places, Array]:
    """For each trial the indices of its pairs and of one more, ``(trials, rounds + 1)``, and a sign for every pair."""
    rng = np.random.default_rng(_SEED)
    pairs = rng.random((TRIALS, count)).argsort(axis=1)[:, : rounds + 1]
    signs: Array = rng.choice([-1.0, 1.0], size=(TRIALS, count))
    return pairs, signs


def _replace_pair(pair: int, pairs: Places, rounds: int) -> Places:
    """The trials' pairs where one pair is replaced by the trial's additional one."""
    chosen = pairs[:, :rounds]
    return np.where(chosen == pair, pairs[:, rounds:], chosen)


def _values(logs: Array, level: float, pairs: Places, signs: Array) -> Array:
    """Log-ratios of trials, ``(trials, rounds)``; in pairs with a negative sign, base and head are exchanged."""
    # The added slow-down is not exchanged: it is always the head that is slowed.
    added = math.log1p(level)
    drawn: Array = np.take_along_axis(signs, pairs, axis=1) * (logs[pairs] - added) + added
    return drawn


def _find_rates(drawn: Array, level: float, margin: float) -> tuple[float, float]:
    """Shares of trials in which a difference is significant, and in which it is also beyond the margin."""
    rounds = drawn.shape[1]
    estimates, threshold = drawn.mean(axis=1), student_quantile(rounds - 1)
    errors = drawn.std(axis=1, ddof=1) / math.sqrt(rounds)
    slower = estimates > threshold * errors
    faster = -estimates > threshold * errors if level == 0 else np.zeros_like(slower)
    significant = slower | faster
    beyond = np.abs(estimates) > math.log1p(margin)
    return float(significant.mean()), float((significant & beyond).mean())
