"""Warm-up ends when windows agree, on times that are made up."""

from __future__ import annotations

import itertools

import pytest

from bench.workers.warm_up import warm_up

STEADY = itertools.repeat(0.01)
SLOW_START = itertools.chain([0.5, 0.4, 0.1, 0.05, 0.04], STEADY)
RISING = (0.01 * 1.1**power for power in itertools.count())


@pytest.mark.parametrize(
    ("times", "max_s", "max_calls", "warmed"),
    [
        pytest.param(STEADY, 10, 100, (10, True), id="the first two windows agree"),
        pytest.param(SLOW_START, 10, 100, (15, True), id="slow first calls"),
        pytest.param(RISING, 1e9, 40, (40, False), id="never settles"),
        pytest.param(itertools.repeat(1.0), 100, 100, (4, True), id="long calls"),
    ],
)
def test_warm_up_ends_when_two_windows_agree_or_at_its_cap(times, max_s, max_calls, warmed):
    result = warm_up(lambda: next(times), max_s=max_s, max_calls=max_calls)
    assert (result.calls, result.steady) == warmed
    assert times is not STEADY or result.median_s == 0.01


def test_warm_up_stops_at_its_time_cap():
    times = (0.1 + 0.05 * (step % 7) for step in itertools.count())
    warmed = warm_up(lambda: next(times), max_s=1.0, max_calls=1000)
    assert not warmed.steady
    assert warmed.calls <= 10
