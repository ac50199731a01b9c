"""Latency under load is a mean over rounds of medians and an order statistic, from times that were really seen."""

from __future__ import annotations

import pytest
from made_up import make_round

from bench.statistics.case_result import estimate_load


def load_of(*rounds):
    """The latency under load of rounds, given as times of their requests by turn [s]."""
    return estimate_load([make_round([[1.0]], requests_s=turns) for turns in rounds])


def test_the_latency_is_the_geometric_mean_of_the_rounds_medians():
    load = load_of(((1.0, 2.0), (3.0,)), ((2.0, 4.0, 9.0), (4.0, 5.0)), ((7.0, 8.0, 9.0),))
    assert (load.latency.value, load.requests) == (pytest.approx(4.0), 11)


def test_the_95th_percentile_was_seen_and_needs_59_requests():
    times = tuple(float(number) for number in range(1, 60))
    assert load_of((times,)).p95_s == 57.0
    assert load_of((times[1:],)).p95_s is None


def test_rounds_that_agree_have_an_interval_as_wide_as_their_samples_allow():
    turns = (tuple(1 + 0.01 * step for step in range(-5, 6)),) * 3
    latency = load_of(turns, turns, turns).latency
    assert 0.98 <= latency.low < 1.0 < latency.high <= 1.02


@pytest.mark.parametrize(
    ("rounds", "requests", "reason"),
    [
        ([((1.0,) * 10,)], 10, "1 round is too few"),
        *[(rounds, 0, "no request was timed by itself") for rounds in ([], [()], [(), ((),)])],
    ],
)
def test_too_few_rounds_or_requests_have_no_interval_and_say_why(rounds, requests, reason):
    load = load_of(*rounds)
    assert load.requests == requests
    assert not load.latency.has_interval
    assert load.latency.reason.startswith(reason)
