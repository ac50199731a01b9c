"""A verdict says no more than the rounds allow, and holds its error rates."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import make_measurement as measured

from analysis.statistics.estimates import Estimate
from bench.statistics.verdicts import VERDICTS, Change, judge, paired_change, summarise_change, unpaired_change

LOGS = st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=12).map(np.array)


def verdict(change, band=0.03):
    return judge([change], [band])[0]


def change(value, half, p_value):
    return Change(estimate=Estimate(value=value, low=value - half, high=value + half), p_value=p_value, rounds=6)


UNSURE = Change(estimate=Estimate(value=0.2, reason="one process round"), rounds=1)


@pytest.mark.parametrize(
    ("given_change", "name", "word"),
    [
        (change(0.05, 0.01, 0.001), "SLOWER", "significant (q = 0.001) and beyond the 3 % margin"),
        (change(0.05, 0.03, 0.003), "SLOWER", "beyond the 3 % margin"),
        (change(-0.05, 0.01, 0.001), "FASTER", "beyond the 3 % margin"),
        (change(0.01, 0.01, 0.04), "SAME", "the whole interval is within the 3 % margin"),
        (change(0.0, 0.029, 1.0), "SAME", "within"),
        (change(0.02, 0.015, 0.001), "AMBIGUOUS", "significant, but it may be within the 3 % margin"),
        (change(0.05, 0.06, 0.09), "AMBIGUOUS", "not significant, and the interval reaches beyond the 3 % margin"),
        (UNSURE, "AMBIGUOUS", "no interval: one process round"),
        # The margin is as wide in either direction of the ratio.
        (change(1 / 1.031 - 1, 0.0001, 0), "FASTER", ""),
        (change(1 / 1.029 - 1, 0.0001, 0), "SAME", ""),
    ],
)
def test_the_rule(given_change, name, word):
    row = verdict(given_change)
    assert row.name == name
    assert word in row.reason


def test_what_is_told_alone_may_not_be_told_among_many():
    crowd = [change(0.0, 0.01, 0.9)] * 19
    found = judge([change(0.05, 0.045, 0.03), *crowd], [0.03] * 20)[0]
    assert (found.name, found.q_value) == ("AMBIGUOUS", pytest.approx(0.6))
    assert "significant alone (p = 0.03)" in found.reason


@given(LOGS)
def test_the_interval_leaves_out_no_change_exactly_when_the_p_value_is_small(logs):
    found = summarise_change(logs)
    if abs(found.p_value - 0.05) > 1e-9:
        assert found.estimate.excludes(0) == (found.p_value < 0.05)


@given(LOGS, st.floats(0.001, 0.3))
def test_exchanging_the_sides_exchanges_the_verdict(logs, band):
    names = {"SLOWER": "FASTER", "FASTER": "SLOWER"}
    one, two = (verdict(summarise_change(side), band) for side in (logs, -logs))
    edge, own = np.log1p(band), one.change.estimate
    bounds = [np.log1p(bound) for bound in (own.low, own.value, own.high)]
    if all(abs(abs(bound) - edge) > 1e-9 for bound in bounds):
        assert two.name == names.get(one.name, one.name)
    assert one.name in VERDICTS


@given(LOGS, st.floats(0.001, 0.3), st.floats(0.0, 0.3))
def test_a_wider_band_never_makes_an_alarm_nor_unmakes_a_same(logs, band, more):
    found = summarise_change(logs)
    narrow, wide = (verdict(found, one).name for one in (band, band + more))
    assert wide not in {"SLOWER", "FASTER"} or narrow == wide
    assert narrow != "SAME" or wide == "SAME"


def test_paired_turns_cancel_what_both_sides_suffered():
    random = np.random.default_rng(0)
    weather = np.exp(random.normal(0, 0.5, (6, 20, 1)))
    base = weather * np.exp(random.normal(0, 0.01, (6, 20, 5)))
    head = 1.05 * weather * np.exp(random.normal(0, 0.01, (6, 20, 5)))
    paired = paired_change(measured(base), measured(head))
    apart = unpaired_change(measured(base), measured(head))
    assert paired.estimate.value == pytest.approx(0.05, abs=0.005)
    assert verdict(paired).name == "SLOWER"
    assert verdict(apart).name == "AMBIGUOUS"
    assert (apart.paired, apart.rounds) == (False, 6)


def test_sides_of_unlike_batches_are_compared_by_the_image():
    base, head = measured([[[1.0]], [[1.0]]]), measured([[[2.0]], [[2.0]]], jobs=2)
    assert paired_change(base, head).estimate.value == pytest.approx(0)
    assert unpaired_change(base, head).estimate.value == pytest.approx(0)


@pytest.mark.parametrize(("rounds", "reason"), [(0, "no"), (1, "one process round")])
def test_too_few_rounds_have_no_interval_and_say_why(rounds, reason):
    one = measured([[[1.0, 1.0]]] * rounds)
    for found in (paired_change(one, one), unpaired_change(one, one)):
        assert found.estimate.reason.startswith(reason)
        assert verdict(found).name == "AMBIGUOUS"


@pytest.mark.parametrize("rounds", [2, 3, 6, 10])
def test_without_a_change_alarms_are_as_rare_as_stated(rounds):
    """Processes that differ from round to round by far more than their samples do; the band is none."""
    random = np.random.default_rng(rounds)
    logs = random.normal(0, 0.02, (4000, rounds))
    told = np.mean([summarise_change(one).p_value <= 0.05 for one in logs])
    assert 0.04 < told < 0.06


def test_over_many_cases_a_comparison_without_a_change_alarms_as_rarely_as_one_case():
    random = np.random.default_rng(5)
    alarms = [
        any(
            one.name in {"SLOWER", "FASTER"}
            for one in judge([summarise_change(logs) for logs in random.normal(0, 0.05, (20, 6))], [0.0] * 20)
        )
        for _ in range(500)
    ]
    assert np.mean(alarms) < 0.07


def play_beside_neighbour(random, trials, slow_by, *, rounds=10, turns=26, spread=0.015):
    """Changes of many comparisons whose machine is drawn on by a neighbour for seconds, and then for seconds is not.

    A turn of one side takes a twentieth of a spell; while the neighbour is busy calls take twice as long, by and large.
    Processes differ, and the machine drifts.
    """
    shape = (trials, rounds)
    busy = random.random(shape) < 0.5
    drift = np.zeros(shape)
    logs = np.empty((*shape, turns, 2))
    lies = random.normal(0, spread / math.sqrt(2), (*shape, 2))
    for turn in range(turns):
        first = random.integers(2, size=shape)
        for place in range(2):
            busy ^= random.random(shape) < 0.05
            drift += random.normal(0, 0.01, shape)
            side = first if place == 0 else 1 - first
            taken = drift + busy * random.normal(math.log(2), 0.2, shape) + random.normal(0, 0.01, shape)
            taken += np.take_along_axis(lies, side[..., None], axis=2)[..., 0] + side * math.log1p(slow_by)
            np.put_along_axis(logs[:, :, turn], side[..., None], taken[..., None], axis=2)
    ratios = np.median(logs[..., 1] - logs[..., 0], axis=2)
    return [summarise_change(one) for one in ratios]


def test_beside_a_neighbour_alarms_are_as_rare_as_stated_and_five_percent_is_found():
    random = np.random.default_rng(11)
    alone = play_beside_neighbour(random, 1500, 0.0)
    assert np.mean([one.p_value <= 0.05 for one in alone]) < 0.065
    assert np.mean([verdict(one).name in {"SLOWER", "FASTER"} for one in alone]) < 0.01
    slowed = play_beside_neighbour(random, 300, 0.05)
    assert np.mean([one.estimate.low > 0 for one in slowed]) >= 0.95
    assert np.mean([verdict(one).name == "SLOWER" for one in slowed]) >= 0.9
