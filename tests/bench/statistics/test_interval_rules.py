"""No interval is given that says nothing, or that claims more than its own rounds allow."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy
from made_up import make_measurement, make_round

from analysis.statistics.estimates import Estimate
from bench.running.time_estimate import find_above
from bench.statistics.case_result import summarise
from bench.statistics.intervals import FRESH_ROUNDS, apply_rules, median_openness, ratio_openness
from bench.statistics.summary import ratio


def test_rounds_that_agree_by_luck_have_an_interval_as_wide_as_their_samples_allow():
    random = np.random.default_rng(0)
    scattered = [np.sort(np.exp(random.normal(0, 0.3, 25))) for _ in range(3)]
    lucky = [[values / np.median(values)] for values in scattered]
    estimate = summarise(make_measurement(lucky)).latency
    assert estimate.value == pytest.approx(1)
    assert estimate.low < 0.95
    assert estimate.high > 1.05


def test_two_rounds_that_differ_widely_have_no_interval_of_everything():
    result = summarise(make_measurement([[[0.1] * 6], [[0.4] * 6]]))
    assert math.isnan(result.throughput.high)
    assert result.throughput.reason == "2 rounds are too few for an interval; use --rounds 3 or more"


def test_an_interval_over_more_than_a_factor_of_ten_is_not_given():
    result = summarise(make_measurement([[[time_s] * 6] for time_s in (0.1, 0.4, 1.6)]))
    assert result.latency.value == pytest.approx(0.4)
    assert not result.latency.has_interval
    assert "would span more than a factor of 10" in result.latency.reason


#: Three rounds that agree by luck, and those that came after them.
LUCKY, LATER = (1.0, 1.001, 0.999), (1.05, 0.95, 1.04, 0.97)


def alike(*medians, **fields):
    """Rounds whose samples are all equal, and so is every turn."""
    return make_measurement([[[median] * 6] * 2 for median in medians], **fields)


def half_of_fresh(medians):
    """Student's half-width with the spread that the last four rounds added, by its definition."""
    logs = np.log(medians)
    added = np.var(logs) * len(logs) - np.var(logs[:-4]) * len(logs[:-4])
    return scipy.stats.t.ppf(0.975, 4) * math.sqrt(added / 4 / len(logs))


def test_after_a_target_an_interval_is_as_wide_as_the_rounds_after_the_decision_make_it():
    """In all that is shown of the row: latency, throughput, latency under load, speed-up either way, cases above."""
    medians = (*LUCKY, *LATER)
    by_target, fixed = (alike(*medians, stop_reason=reason) for reason in ("target", "rounds"))
    half = half_of_fresh(medians)
    for made, wide in ((by_target, True), (fixed, False)):
        result, steady = summarise(made), alike(*[1.0] * 7, stop_reason="rounds")
        shown = (result.latency, result.throughput, ratio(steady, made).estimate, ratio(made, steady).estimate)
        for estimate in shown:
            assert (math.log(estimate.high / estimate.low) / 2 == pytest.approx(half)) == wide
    assert find_above([by_target], math.sinh(half) * 0.999)
    assert not find_above([fixed], math.sinh(half) * 0.999)


def test_after_a_target_the_latency_under_load_is_as_wide_too():
    rounds = [make_round([[1.0]], requests_s=((median,) * 6,)) for median in (*LUCKY, *LATER)]
    load = summarise(make_measurement(rounds, stop_reason="target")).load.latency
    assert math.log(load.high / load.low) / 2 == pytest.approx(half_of_fresh((*LUCKY, *LATER)))


@pytest.mark.parametrize("rounds", [3, FRESH_ROUNDS])
def test_rows_stored_before_rounds_followed_a_target_have_the_interval_of_all_their_rounds(rounds):
    medians = (1.0, 1.1, 0.9, 1.2)[:rounds]
    by_target, fixed = (summarise(alike(*medians, stop_reason=reason)) for reason in ("target", "rounds"))
    assert by_target.latency == fixed.latency


@pytest.mark.parametrize(
    "estimate", [Estimate(value=1.0, low=0.5, high=2.0, method="student"), Estimate(value=1.0, reason="why not")]
)
def test_a_wide_interval_and_a_reason_of_its_own_are_kept(estimate):
    assert apply_rules(estimate, [0.1] * 3) == estimate


@pytest.mark.parametrize("samples", [9, 50])
def test_the_median_of_a_round_is_as_open_as_its_samples_make_it(samples):
    """The interval by ranks holds the true median, 1, in about 95 % of rounds."""
    random = np.random.default_rng(samples)
    covered = 0
    for _ in range(400):
        values = np.exp(random.normal(0, 0.2, samples))
        half = median_openness(values, samples)
        covered += abs(math.log(np.median(values))) <= half
    assert covered >= 0.9 * 400


def test_a_ratio_of_sums_is_as_open_as_its_turns_make_it():
    random = np.random.default_rng(1)
    taken = np.exp(random.normal(0, 0.1, (400, 40)))
    open_by = [ratio_openness(np.ones(40), one) for one in taken]
    truth = math.log(math.exp(0.1**2 / 2))
    covered = np.mean([abs(math.log(one.mean()) - truth) <= half for one, half in zip(taken, open_by, strict=True)])
    assert 0.9 <= covered <= 0.99
    assert ratio_openness(np.ones(1), np.ones(1)) == 0
