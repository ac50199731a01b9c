"""The numbers of one case come from its raw samples, and each that can't be given is missing and says why."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import CASE, make_measurement, make_round

from bench.statistics.case_result import summarise
from bench.statistics.intervals import effective_count
from bench.statistics.summary import half_width, least_samples

times = st.floats(1e-4, 10.0)
turns = st.lists(st.lists(times, max_size=6), min_size=1, max_size=5)
many_rounds = st.lists(turns, min_size=1, max_size=8)


def measured(*rounds, **fields):
    """A measurement of four images a call."""
    return make_measurement(rounds, replace(CASE, batch=4), **fields)


def simulated(rng, rounds, turns=12):
    """Log-normal processes and calls, whose median is 1 second."""
    return measured(*np.exp(rng.normal(0, 0.02, (rounds, 1, 1)) + rng.normal(0, 0.05, (rounds, turns, 6))))


def test_latency_is_the_geometric_mean_of_the_round_medians():
    result = summarise(measured([[1, 2], [9]], [[4], [3, 6]], [[8, 8, 8]]))
    assert (result.latency.value, result.rounds, result.samples) == (pytest.approx(4), 3, 9)


@pytest.mark.parametrize("medians", [[1.0, 1, 1, 1, 2, 2, 2], [1.0] * 12 + [2.0] * 8, [1.0] * 19 + [9.0]])
def test_value_and_interval_are_of_the_same_quantity_where_processes_are_skewed(medians):
    """The median of the rounds lies outside an interval of their mean where many rounds are in two states."""
    latency = summarise(measured(*[[[median] * 6] for median in medians])).latency
    assert latency.value == pytest.approx(math.sqrt(latency.low * latency.high))
    assert latency.value == pytest.approx(math.exp(np.mean(np.log(medians))))


def test_throughput_is_images_over_time_and_counts_slow_calls_and_all_requests_in_flight():
    result = summarise(measured([[1, 1], [6]]))
    assert result.throughput.value == pytest.approx(4 * 3 / 8)
    assert result.throughput.value < 4 / result.latency.value
    assert summarise(measured([[2.0]], jobs=8)).throughput.value == 16


@pytest.mark.parametrize(("rounds", "count"), [(1, "1 round is"), (2, "2 rounds are")])
def test_fewer_than_three_rounds_have_no_interval_and_say_why(rounds, count):
    result = summarise(measured(*[[[1, 2, 3]] * 20] * rounds))
    for estimate in (result.latency, result.throughput):
        assert estimate.value > 0
        assert not estimate.has_interval
        assert estimate.reason == f"{count} too few for an interval; use --rounds 3 or more"
    assert math.isnan(result.spread_between) == (rounds == 1)


def test_too_few_samples_have_no_interval_of_the_latency_and_say_why():
    assert "fewer than 5" in summarise(measured(*[[[1, 2]]] * 3)).latency.reason
    few = summarise(measured(*[[[1.0], [1.1]]] * 3))
    assert (few.latency.method, few.throughput.method) == ("", "student")


@pytest.mark.parametrize("rounds", [3, 5, 6, 7, 20])
def test_rounds_have_the_t_interval_of_their_logarithms_whatever_their_number(rounds):
    logs = np.arange(rounds) / 10
    result = summarise(measured(*[[[math.exp(log)] * 6] for log in logs]))
    expected = scipy.stats.t.interval(0.95, rounds - 1, logs.mean(), scipy.stats.sem(logs))
    assert result.latency.method == "student"
    assert np.log([result.latency.low, result.latency.high]) == pytest.approx(expected)


def test_constant_times_have_an_interval_of_no_width():
    result = summarise(measured(*[[[2.0] * 5] * 3] * 6))
    assert (result.latency.low, result.latency.high) == (2, 2)
    assert result.latency.method == "student"
    assert result.outliers == 0


def test_a_measurement_without_samples_has_no_numbers():
    result = summarise(measured([[], []], status="failed"))
    assert math.isnan(result.latency.value)
    assert result.percentiles_s == {90: None, 95: None, 99: None}
    assert result.latency.reason == result.throughput.reason == "no samples"


def test_a_window_of_requests_is_nobodys_latency():
    case = replace(CASE, scenario="throughput", streams=2)
    result = summarise(make_measurement([[[1.0] * 400]] * 3, case))
    assert "a window of several requests" in result.latency.reason
    assert result.percentiles_s[90] is None
    assert result.throughput.value == 1


@pytest.mark.parametrize(("percent", "least"), [(90, 29), (95, 59), (99, 299)])
def test_a_percentile_needs_a_finite_order_statistic_interval(percent, least):
    assert least_samples(percent) == least
    values = [float(value) for value in range(1, least + 1)]
    assert summarise(measured([values])).percentiles_s[percent] == math.ceil(least * percent / 100)
    assert summarise(measured([values[1:]])).percentiles_s[percent] is None
    # Floats would miss the ceiling rank of 70 values.
    assert summarise(measured([[float(value) for value in range(1, 71)]])).percentiles_s[90] == 63


def grouped(rounds, turns, calls, between_rounds=0.0, between_turns=0.0):
    """Calls in groups that resemble each other, of a median of 1 s."""
    rng = np.random.default_rng(5)
    logs = between_rounds * rng.normal(size=(rounds, 1, 1)) + between_turns * rng.normal(size=(rounds, turns, 1))
    return summarise(measured(*np.exp(logs + rng.normal(0, 0.02, (rounds, turns, calls)))))


def test_a_percentile_of_independent_calls_is_given():
    assert None not in grouped(6, 20, 30).percentiles_s.values()


@pytest.mark.parametrize("spread", [{"between_rounds": 0.3}, {"between_turns": 0.3}])
def test_a_percentile_needs_as_many_samples_as_the_calls_of_a_process_or_a_turn_are_worth(spread):
    """All calls above it come from the slowest process, or from a few slow turns."""
    given = grouped(6, 20, 30, **spread).percentiles_s
    assert given[99] is None
    assert (given[95] is None) == ("between_rounds" in spread)


def test_calls_that_all_take_the_same_time_have_percentiles():
    assert summarise(measured(*[[[2.0] * 100] * 4] * 3)).percentiles_s == {90: 2.0, 95: 2.0, 99: 2.0}


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_independent_samples_are_worth_about_their_number_for_every_quantile(share):
    rng = np.random.default_rng(1)
    worth = [effective_count(rng.normal(size=(20, 100)), share) for _ in range(50)]
    assert 0.8 * 2000 < np.mean(worth) <= 2000


def test_outliers_are_counted_and_kept():
    result = summarise(measured([[1.0, 1.1, 1.2, 1.3, 1.4, 50.0]]))
    assert (result.outliers, result.samples) == (1, 6)


def test_samples_that_differ_by_turn_are_worth_as_many_as_there_are_turns_and_others_their_number():
    assert effective_count([np.full(10, float(turn)) for turn in range(8)]) == pytest.approx(8, rel=0.2)
    assert effective_count([np.arange(10.0)] * 8) == 80


@pytest.mark.parametrize("rounds", [3, 4, 6, 10])
def test_the_interval_covers_the_truth_about_as_often_as_it_says(rounds):
    rng = np.random.default_rng(rounds)
    latencies = [summarise(simulated(rng, rounds)).latency for _ in range(120)]
    covered = sum(one.low <= 1 <= one.high for one in latencies)
    # Four standard errors below 95 % of 120.
    assert covered >= 105


def test_the_same_samples_give_the_same_interval():
    measurement = simulated(np.random.default_rng(1), 7)
    assert summarise(measurement) == summarise(measurement)


def test_half_width_is_infinite_until_there_is_an_interval():
    measurement = simulated(np.random.default_rng(3), 8)
    assert [math.isinf(half_width(measurement.rounds[:count])) for count in range(4)] == [True, True, True, False]
    latency = summarise(measurement).latency
    assert half_width(measurement.rounds) == pytest.approx((latency.high - latency.low) / 2 / latency.value)


def test_half_width_is_that_of_the_throughput_where_requests_were_in_flight():
    """Most windows take 1 s in every round, but those that are slow are more in one round than in another."""
    rounds = [
        make_round([[1.0] * 9 + [slow]] * 5, requests_s=((1.0,),) * 5) for slow in (2.0, 6.0, 4.0, 9.0, 3.0, 12.0)
    ]
    result = summarise(measured(*rounds))
    assert result.latency.high == result.latency.low
    assert half_width(rounds) == pytest.approx(result.throughput.half_width)
    assert half_width(rounds) > 0.1


def test_an_empty_turn_leaves_the_throughput_of_long_windows_its_interval():
    """Five turns of one window each, and nothing in one of them: four samples are enough for a ratio of sums."""
    rounds = [make_round([[1.0], [1.01], [], [0.99], [1.0]], requests_s=((1.0,),) * 5)] * 3
    assert half_width(rounds) < 0.01
    assert math.isinf(half_width([replace(one, requests_s=()) for one in rounds]))


@settings(max_examples=60, deadline=None)
@given(many_rounds)
def test_the_estimate_lies_among_the_samples_and_within_its_interval(rounds):
    result = summarise(measured(*rounds))
    values = [value for one in rounds for turn in one for value in turn]
    assert result.samples == len(values)
    if values:
        assert min(values) <= result.latency.value <= max(values)
    for estimate in (result.latency, result.throughput):
        if estimate.has_interval:
            assert estimate.low <= estimate.value * (1 + 1e-9)
            assert estimate.value <= estimate.high * (1 + 1e-9)


@settings(max_examples=30, deadline=None)
@given(many_rounds, st.floats(0.1, 10))
def test_a_change_of_unit_changes_nothing_else(rounds, unit):
    plain = summarise(measured(*rounds)).latency
    scaled = summarise(measured(*([[v * unit for v in turn] for turn in one] for one in rounds))).latency
    assert scaled.value == pytest.approx(plain.value * unit, nan_ok=True)
    assert scaled.low == pytest.approx(plain.low * unit, nan_ok=True)


def test_statistics_import_without_torch():
    code = "import sys; sys.modules['torch'] = None; import bench.statistics.result"
    subprocess.run([sys.executable, "-c", code], check=True)
