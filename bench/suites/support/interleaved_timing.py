"""Callables of one process timed in turns: how the suites compare this project's code with that of others."""

from __future__ import annotations

import gc
import itertools
import random
import statistics
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.statistics.bootstrap import bootstrap_estimate, resample
from analysis.statistics.estimates import format_estimate
from bench.running.turns import take_turns
from bench.statistics.intervals import rounds_estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from analysis.statistics.estimates import Estimate


def time_in_turns(
    calls: Mapping[str, Callable[[], object]],
    *,
    budget_s: float,
    least_turns: int = 20,
    warm_up: int = 3,
    seed: int = 0,
) -> dict[str, list[float]]:
    """Times of each callable [s], turn by turn; in every turn each runs once, in random order.

    All turns together take `budget_s` [s], but there are `least_turns` however long they take.
    """
    for _ in range(warm_up):
        for call in calls.values():
            call()
    times_s: dict[str, list[float]] = {name: [] for name in calls}

    def measure(name: str, _turn: int) -> None:
        call = calls[name]
        begun = time.perf_counter_ns()
        call()
        times_s[name].append((time.perf_counter_ns() - begun) * 1e-9)

    gc.collect()
    gc.disable()
    try:
        end = time.perf_counter() + budget_s
        turns = itertools.takewhile(lambda turn: turn < least_turns or time.perf_counter() < end, itertools.count())
        take_turns(turns, lambda: list(calls), measure, random.Random(seed))
    finally:
        gc.enable()
    return times_s


def time_loop(runners: Sequence[Callable[[], object]], calls: int) -> float:
    """Median time of so many calls after one that settles, in a loop as short as can be written [s].

    The runners are called in turn.
    """
    runners[0]()
    times = []
    for call in range(calls):
        run = runners[call % len(runners)]
        begun = time.perf_counter_ns()
        run()
        times.append(time.perf_counter_ns() - begun)
    return statistics.median(times) * 1e-9


def ratio_of_medians(numerator: Sequence[float], denominator: Sequence[float]) -> Estimate:
    """The ratio of the medians of two series taken in turns [s], with the interval from resampling turns."""
    top, bottom = np.asarray(numerator), np.asarray(denominator)
    turns = resample(len(top))
    drawn = np.median(top[turns], axis=1) / np.median(bottom[turns], axis=1)
    return bootstrap_estimate(float(np.median(top) / np.median(bottom)), drawn)


def mean_ratio(numerator: Sequence[float], denominator: Sequence[float]) -> Estimate:
    """The geometric mean of the ratios of pairs [s], with the interval of process rounds: for few pairs that drift."""
    return rounds_estimate(np.asarray(numerator) / np.asarray(denominator))


def record_ratio(benchmark: Any, key: str, ratio: Estimate, text: str) -> None:
    """Keep a ratio and its interval under `key` in the results of pytest-benchmark, and print it after `text`."""
    benchmark.extra_info[key] = [ratio.value, ratio.low, ratio.high]
    print(f"\n{text} = {format_estimate(ratio)}", end="")  # noqa: T201
