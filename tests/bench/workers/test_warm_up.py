"""Warm-up ends when windows agree, on times that are made up."""

from __future__ import annotations

import itertools

from bench.workers.warm_up import warm_up


def replay(times):
    it = iter(times)
    return lambda: next(it)


def test_warm_up_ends_at_the_first_two_windows_that_agree():
    warmed = warm_up(replay(itertools.repeat(0.01)), max_s=10, max_calls=100)
    assert (warmed.calls, warmed.steady, warmed.median_s) == (10, True, 0.01)


def test_warm_up_outlasts_slow_first_calls():
    slow_start = [0.5, 0.4, 0.1, 0.05, 0.04]
    warmed = warm_up(replay(itertools.chain(slow_start, itertools.repeat(0.01))), max_s=10, max_calls=100)
    assert warmed.steady
    assert warmed.calls == 15


def test_warm_up_that_never_settles_stops_at_its_cap_and_says_so():
    warmed = warm_up(replay(0.01 * 1.1**power for power in itertools.count()), max_s=1e9, max_calls=40)
    assert (warmed.calls, warmed.steady) == (40, False)


def test_warm_up_stops_at_its_time_cap():
    warmed = warm_up(replay(0.1 + 0.05 * (step % 7) for step in itertools.count()), max_s=1.0, max_calls=1000)
    assert not warmed.steady
    assert warmed.calls <= 10


def test_long_calls_need_fewer_of_them():
    assert warm_up(replay(itertools.repeat(1.0)), max_s=100, max_calls=100).calls == 4
