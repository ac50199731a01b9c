"""Warm-up, turns and stopping, on times that are made up."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.records.settings import Settings
from bench.running.sampling import decide, plan_turns
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


def test_turns_fill_the_round_when_calls_are_short():
    assert plan_turns(Settings(slice_s=0.1, round_s=2.0), [0.0, 0.0]) == 20


@given(st.lists(st.floats(1e-4, 30), min_size=1, max_size=6))
def test_there_are_always_a_few_turns_and_never_more_than_the_slices(medians):
    settings = Settings(slice_s=0.1, round_s=2.0)
    assert 5 <= plan_turns(settings, medians) <= 20


def test_narrow_intervals_end_a_match_once_it_has_its_least_rounds():
    settings = Settings(min_rounds=2, target=0.02)
    assert decide(settings, [[0.01, 0.02]], None, 1) == ""
    assert decide(settings, [[0.5, 0.5], [0.01, 0.02]], None, 1) == "target"
    assert decide(settings, [[0.5, 0.5], [0.01, 0.021]], None, 1) == ""


def test_a_missing_interval_counts_as_too_wide():
    settings = Settings(min_rounds=1, max_rounds=9)
    assert decide(settings, [[math.inf]], None, 1) == ""
    assert decide(settings, [[math.nan]], None, 1) == ""


def test_intervals_that_stop_narrowing_are_a_plateau():
    settings = Settings(min_rounds=2, max_rounds=20)
    assert decide(settings, [[0.10], [0.10], [0.10]], None, 1) == "plateau"
    assert decide(settings, [[0.10], [0.08], [0.06]], None, 1) == ""


def test_the_last_round_and_the_end_of_the_time_end_a_match():
    settings = Settings(min_rounds=2, max_rounds=3)
    assert decide(settings, [[1.0], [0.8], [0.6]], None, 1) == "rounds"
    assert decide(settings, [[1.0]], 5.0, 6.0) == "budget"
    assert decide(settings, [[1.0]], 7.0, 6.0) == ""


@pytest.mark.parametrize("rounds", range(1, 12))
def test_a_match_always_ends_by_its_last_round(rounds):
    settings = Settings(min_rounds=2, max_rounds=4)
    decision = decide(settings, [[1 / (1 + step)] for step in range(rounds)], None, 1)
    assert bool(decision) == (rounds >= 4)
