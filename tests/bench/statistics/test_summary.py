"""A speed-up is a ratio of turns that two measurements took side by side."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import CASE, make_measurement

from bench.statistics.summary import ratio

times = st.floats(1e-4, 10.0)
turns = st.lists(st.lists(times, max_size=6), min_size=1, max_size=5)
many_rounds = st.lists(turns, min_size=1, max_size=8)


def measured(*rounds, **fields):
    return make_measurement(rounds, replace(CASE, batch=4), **fields)


def test_speedup_is_found_under_a_drift_that_hits_both():
    drift = np.exp(np.random.default_rng(2).normal(0, 0.5, (6, 20, 1)))
    base, other = (measured(*np.broadcast_to(factor * drift, (6, 20, 3))) for factor in (2, 1))
    speedup = ratio(base, other)
    assert [speedup.estimate.value, speedup.estimate.low, speedup.estimate.high] == pytest.approx([2] * 3)
    assert speedup.pairs == 120


def test_only_turns_that_both_took_are_paired():
    speedup = ratio(measured([[2], [], [6]]), measured([[1], [1], [2], [9]]))
    assert (speedup.pairs, speedup.estimate.value) == (2, 2.5)
    assert speedup.estimate.reason.startswith("1 round is too few")
    speedup = ratio(measured([[1.0], []]), measured([[], [1.0]])).estimate
    assert math.isnan(speedup.value)
    assert speedup.reason == "no turn was taken by both"


def test_one_pair_in_each_of_three_rounds_is_enough_for_a_wide_interval():
    speedup = ratio(measured([[2.0]], [[2.1]], [[2.2]]), measured([[1.0]], [[1.0]], [[1.0]])).estimate
    assert speedup.low < 2
    assert speedup.high > 2.2
    assert not speedup.reason


def test_speedup_is_per_image_when_calls_hold_different_numbers_of_requests():
    assert ratio(measured([[1.0]], jobs=2), measured([[1.0]], jobs=8)).estimate.value == 4


@pytest.mark.parametrize("status", ["mismatch", "failed", "unavailable"])
def test_only_ok_measurements_are_compared(status):
    fine, other = measured([[1.0]]), measured([[1.0]], status=status, reason="boom")
    for pair in ((fine, other), (other, fine)):
        assert math.isnan(ratio(*pair).estimate.value)
        assert ratio(*pair).estimate.reason == f"rexnet_1.0 is {status}: boom"


@settings(max_examples=40, deadline=None)
@given(many_rounds, many_rounds)
def test_the_ratio_turned_round_is_its_inverse(rounds, others):
    forth, back = ratio(measured(*rounds), measured(*others)), ratio(measured(*others), measured(*rounds))
    assert forth.pairs == back.pairs
    # An even number of pairs, or of rounds, has an arithmetic mean in the middle, which does not invert exactly.
    if forth.pairs % 2 and len(rounds) == len(others) == 1:
        assert forth.estimate.value * back.estimate.value == pytest.approx(1)
