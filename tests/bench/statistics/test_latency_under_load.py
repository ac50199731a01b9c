"""Latency under load is a median over rounds and an order statistic, from times that were really seen."""

from __future__ import annotations

import pytest
from made_up import make_round

from bench.statistics.case_result import estimate_load


def load_of(*rounds):
    """The latency under load of rounds, given as times of their requests by turn [s]."""
    return estimate_load([make_round([[1.0]], requests_s=turns) for turns in rounds])


def test_the_median_is_that_of_the_rounds_medians():
    load = load_of(((1.0, 2.0), (3.0,)), ((2.0, 3.0, 9.0), (3.0, 4.0)), ((4.0, 5.0, 6.0),))
    assert (load.latency.value, load.requests) == (3.0, 11)


def test_the_95th_percentile_was_seen_and_needs_59_requests():
    times = tuple(float(number) for number in range(1, 60))
    assert load_of((times,)).p95_s == 57.0
    assert load_of((times[1:],)).p95_s is None


def test_rounds_that_agree_have_an_interval_as_wide_as_their_samples_allow():
    turns = (tuple(1 + 0.01 * step for step in range(-5, 6)),) * 3
    latency = load_of(turns, turns, turns).latency
    assert latency.low == pytest.approx(1.0, abs=0.02)
    assert latency.high == pytest.approx(1.0, abs=0.02)
    assert latency.low < 1.0 < latency.high


def test_one_round_has_no_interval_and_says_why():
    latency = load_of(((1.0,) * 10,)).latency
    assert not latency.has_interval
    assert latency.reason.startswith("1 round is too few")


@pytest.mark.parametrize("rounds", [[], [()], [(), ((),)]])
def test_without_requests_there_is_nothing(rounds):
    assert load_of(*rounds).requests == 0
    assert load_of(*rounds).latency.reason == "no request was timed by itself"
