from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.records.case import Case
from bench.records.measurement import Effective, Measurement, Round
from bench.statistics import summary
from bench.statistics.intervals import effective_count

if TYPE_CHECKING:
    from collections.abc import Sequence

EAGER = Case(model="rexnet_1.0", resolution=224, batch=4, backend="eager")
Rounds = list[list[list[float]]]
times = st.floats(1e-4, 10.0)
turns = st.lists(st.lists(times, max_size=6), min_size=1, max_size=5)
many_rounds = st.lists(turns, min_size=1, max_size=8)


def a_round(turns: Sequence[Sequence[float]], **phases: float) -> Round:
    return Round(turns_s=tuple(map(tuple, turns)), phases_s=phases)


def measured(*rounds: Round, status: str = "ok", jobs: int = 1) -> Measurement:
    return Measurement(case=EAGER, status=status, rounds=tuple(rounds), effective=Effective(jobs=jobs))


def simulated(rng: np.random.Generator, rounds: int, turns: int = 12) -> Measurement:
    """Log-normal processes and calls, whose median is 1 second."""
    drawn = np.exp(rng.normal(0, 0.02, (rounds, 1, 1)) + rng.normal(0, 0.05, (rounds, turns, 6)))
    return measured(*(a_round(one) for one in drawn.tolist()))


def test_latency_is_the_median_of_the_round_medians() -> None:
    found = summary.summarise(measured(a_round([[1, 2], [9]]), a_round([[4], [5, 6]]), a_round([[3, 3, 3]])))
    assert found.latency_s == 3
    assert (found.rounds, found.samples) == (3, 9)


def test_throughput_is_images_over_time_and_counts_slow_calls() -> None:
    found = summary.summarise(measured(a_round([[1, 1], [6]])))
    assert found.throughput_per_s == pytest.approx(4 * 3 / 8)
    assert found.throughput_per_s < 4 / found.latency_s


def test_a_call_with_several_requests_in_flight_counts_all_their_images() -> None:
    assert summary.summarise(measured(a_round([[2.0]]), jobs=8)).throughput_per_s == 16


def test_one_round_has_no_interval_and_says_why() -> None:
    found = summary.summarise(measured(a_round([[1, 2, 3]] * 20)))
    assert math.isnan(found.latency_low_s)
    assert math.isnan(found.throughput_high_per_s)
    assert math.isnan(found.spread_between)
    assert "one process round" in found.reasons["latency_interval"]


def test_too_few_samples_have_no_interval_and_say_why() -> None:
    found = summary.summarise(measured(a_round([[1, 2]]), a_round([[1, 2]])))
    assert "fewer than 5" in found.reasons["latency_interval"]


def test_two_rounds_have_the_t_interval_of_their_logarithms() -> None:
    found = summary.summarise(measured(a_round([[1.0] * 6]), a_round([[math.e] * 6])))
    half = 12.7062047 * math.sqrt(0.5) / math.sqrt(2)
    assert found.interval_method == "student"
    assert found.latency_low_s == pytest.approx(math.exp(0.5 - half))
    assert found.latency_high_s == pytest.approx(math.exp(0.5 + half))


def test_constant_times_have_an_interval_of_no_width() -> None:
    found = summary.summarise(measured(*[a_round([[2.0] * 5] * 3)] * 6))
    assert (found.latency_low_s, found.latency_high_s) == (2, 2)
    assert found.interval_method == "bootstrap"
    assert found.outliers == 0


def test_no_samples_is_a_summary_of_missing_values() -> None:
    found = summary.summarise(measured(a_round([[], []]), status="failed"))
    assert math.isnan(found.latency_s)
    assert found.percentiles_s == {90: None, 95: None, 99: None}
    assert found.reasons == {"latency": "no samples"}


@pytest.mark.parametrize(("percent", "least"), [(90, 29), (95, 59), (99, 299)])
def test_a_percentile_needs_a_finite_order_statistic_interval(percent: int, least: int) -> None:
    assert summary.least_samples(percent) == least
    values = [float(value) for value in range(1, least + 1)]
    assert summary.summarise(measured(a_round([values]))).percentiles_s[percent] == math.ceil(least * percent / 100)
    few = summary.summarise(measured(a_round([values[1:]])))
    assert few.percentiles_s[percent] is None
    assert few.reasons[f"p{percent}"] == f"n={least - 1}, needs {least}"


def test_a_percentile_is_the_ceiling_rank_where_floats_would_miss_it() -> None:
    values = [float(value) for value in range(1, 71)]
    assert summary.summarise(measured(a_round([values]))).percentiles_s[90] == 63


def test_outliers_are_counted_and_kept() -> None:
    found = summary.summarise(measured(a_round([[1.0, 1.1, 1.2, 1.3, 1.4, 50.0]])))
    assert (found.outliers, found.samples) == (1, 6)


def test_samples_that_differ_by_turn_are_worth_as_many_as_there_are_turns() -> None:
    alike = [np.full(10, float(turn)) for turn in range(8)]
    assert effective_count(alike) == pytest.approx(8, rel=0.2)


def test_samples_that_do_not_differ_by_turn_are_worth_their_number() -> None:
    same = [np.arange(10.0) for _ in range(8)]
    assert effective_count(same) == 80


@pytest.mark.parametrize("rounds", [2, 4, 6, 10])
def test_the_interval_covers_the_truth_about_as_often_as_it_says(rounds: int) -> None:
    rng = np.random.default_rng(rounds)
    summaries = [summary.summarise(simulated(rng, rounds)) for _ in range(120)]
    covered = sum(one.latency_low_s <= 1 <= one.latency_high_s for one in summaries)
    # Four standard errors below 95 % of 120; above it the bootstrap may be a little wide.
    assert covered >= 105


def test_the_same_samples_give_the_same_interval() -> None:
    one = simulated(np.random.default_rng(1), 7)
    assert summary.summarise(one) == summary.summarise(one)


def test_speedup_is_found_under_a_drift_that_hits_both() -> None:
    drift = np.exp(np.random.default_rng(2).normal(0, 0.5, (6, 20, 1)))
    base = measured(*(a_round(one) for one in np.broadcast_to(2 * drift, (6, 20, 3)).tolist()))
    other = measured(*(a_round(one) for one in np.broadcast_to(drift, (6, 20, 3)).tolist()))
    found = summary.ratio(base, other)
    assert found.speedup == pytest.approx(2)
    assert (found.low, found.high) == (pytest.approx(2), pytest.approx(2))
    assert (found.pairs, found.rounds) == (120, 6)
    assert found.decided


def test_only_turns_that_both_took_are_paired() -> None:
    found = summary.ratio(measured(a_round([[2], [], [6]])), measured(a_round([[1], [1], [2], [9]])))
    assert found.pairs == 2
    assert found.speedup == 2.5
    assert not found.decided
    assert "one process round" in found.reason


def test_one_pair_in_each_of_two_rounds_is_enough_for_a_wide_interval() -> None:
    found = summary.ratio(measured(a_round([[2.0]]), a_round([[2.2]])), measured(a_round([[1.0]]), a_round([[1.0]])))
    assert found.low < 2
    assert found.high > 2.2
    assert not found.reason


def test_speedup_is_per_image_when_calls_hold_different_numbers_of_requests() -> None:
    base, other = measured(a_round([[1.0]]), jobs=2), measured(a_round([[1.0]]), jobs=8)
    assert summary.ratio(base, other).speedup == 4


@pytest.mark.parametrize("status", ["mismatch", "failed", "unavailable"])
def test_only_ok_measurements_are_compared(status: str) -> None:
    one = measured(a_round([[1.0]]))
    assert summary.ratio(one, replace(one, status=status)) is None
    assert summary.ratio(replace(one, status=status), one) is None


def test_nothing_is_compared_without_a_common_turn() -> None:
    assert summary.ratio(measured(a_round([[1.0], []])), measured(a_round([[], [1.0]]))) is None


def test_break_even_divides_the_extra_cost_by_the_time_saved_per_image() -> None:
    base = measured(a_round([[0.4]], build=1.0, first_inference=0.5))
    other = measured(a_round([[0.2]], build=1.0, compile=20.0, first_inference=0.5, import_s=9.0, warm_up=7.0))
    found = summary.break_even(base, other)
    assert found.extra_s == 20
    assert found.saved_per_image_s == pytest.approx(0.05)
    assert found.images == pytest.approx(400)
    assert "can't be told from 1" in found.reason


def test_break_even_tells_cold_from_cached_rounds() -> None:
    base = measured(a_round([[0.4]], build=1.0), a_round([[0.4]], build=1.0))
    cold, cached = a_round([[0.2]], build=1.0, compile=20.0), a_round([[0.2]], build=1.0, compile=2.0)
    other = measured(replace(cold, compile_cache="cold"), replace(cached, compile_cache="cached"))
    assert summary.break_even(base, other, "cold").extra_s == 20
    assert summary.break_even(base, other, "cached").extra_s == 2


def test_a_slower_backend_never_pays() -> None:
    found = summary.break_even(measured(a_round([[1.0]], build=1.0)), measured(a_round([[2.0]], build=5.0)))
    assert math.isinf(found.images)
    assert "never pays" in found.reason


def test_a_backend_without_extra_cost_pays_at_once() -> None:
    found = summary.break_even(measured(a_round([[2.0]], build=5.0)), measured(a_round([[1.0]], build=1.0)))
    assert found.images == 0


def test_half_width_is_infinite_until_there_is_an_interval() -> None:
    one = simulated(np.random.default_rng(3), 8)
    assert math.isinf(summary.half_width([]))
    assert math.isinf(summary.half_width(one.rounds[:1]))
    found = summary.summarise(one)
    expected = (found.latency_high_s - found.latency_low_s) / 2 / found.latency_s
    assert summary.half_width(one.rounds) == pytest.approx(expected)


def test_half_width_is_that_of_the_throughput_where_requests_were_in_flight() -> None:
    """Most windows take 1 s in every round, but those that are slow are more in one round than in another."""
    rounds = [
        replace(a_round([[1.0] * 9 + [slow]] * 5), requests_s=((1.0,),) * 5) for slow in (2.0, 6.0, 4.0, 9.0, 3.0, 12.0)
    ]
    found = summary.summarise(measured(*rounds))
    assert found.latency_high_s == found.latency_low_s
    half = (found.throughput_high_per_s - found.throughput_low_per_s) / 2
    assert summary.half_width(rounds) == pytest.approx(half / found.throughput_per_s)
    assert summary.half_width(rounds) > 0.1


def test_an_empty_turn_leaves_the_throughput_of_long_windows_its_interval() -> None:
    """Five turns of one window each, and nothing in one of them: four samples are enough for a ratio of sums."""
    rounds = [replace(a_round([[1.0], [1.1], [], [0.9], [1.0]]), requests_s=((1.0,),) * 5)] * 3
    assert summary.half_width(rounds) < 0.01
    assert math.isinf(summary.half_width([replace(one, requests_s=()) for one in rounds]))


def test_each_interval_says_how_it_came_about() -> None:
    few = summary.summarise(measured(*[a_round([[1.0], [1.1]])] * 2))
    assert (few.interval_method, few.throughput_method) == ("", "student")


@settings(max_examples=60, deadline=None)
@given(many_rounds)
def test_the_estimate_lies_among_the_samples_and_within_its_interval(rounds: Rounds) -> None:
    found = summary.summarise(measured(*map(a_round, rounds)))
    values = [value for one in rounds for turn in one for value in turn]
    assert found.samples == len(values)
    if values:
        assert min(values) <= found.latency_s <= max(values)
    if not math.isnan(found.latency_low_s):
        assert found.latency_low_s <= found.latency_s * (1 + 1e-9)
        assert found.latency_s <= found.latency_high_s * (1 + 1e-9)


@settings(max_examples=40, deadline=None)
@given(many_rounds, many_rounds)
def test_the_ratio_turned_round_is_its_inverse(one: Rounds, two: Rounds) -> None:
    forth = summary.ratio(measured(*map(a_round, one)), measured(*map(a_round, two)))
    back = summary.ratio(measured(*map(a_round, two)), measured(*map(a_round, one)))
    assert (forth is None) == (back is None)
    # An even number of pairs, or of rounds, has an arithmetic mean in the middle, which does not invert exactly.
    if forth is not None and forth.rounds == 1 and forth.pairs % 2:
        assert forth.speedup * back.speedup == pytest.approx(1)


@settings(max_examples=30, deadline=None)
@given(many_rounds, st.floats(0.1, 10))
def test_a_change_of_unit_changes_nothing_else(rounds: Rounds, unit: float) -> None:
    plain = summary.summarise(measured(*map(a_round, rounds)))
    scaled = summary.summarise(measured(*(a_round([[v * unit for v in turn] for turn in one]) for one in rounds)))
    assert scaled.latency_s == pytest.approx(plain.latency_s * unit, nan_ok=True)
    assert scaled.latency_low_s == pytest.approx(plain.latency_low_s * unit, nan_ok=True)


def test_statistics_import_without_torch() -> None:
    code = "import sys; sys.modules['torch'] = None; import bench.statistics.summary"
    subprocess.run([sys.executable, "-c", code], check=True)
