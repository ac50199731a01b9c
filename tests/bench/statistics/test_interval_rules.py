"""No interval is given that says nothing, or that claims more than its own rounds allow."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made_up import make_measurement

from analysis.statistics.estimates import Estimate
from bench.statistics.case_result import summarise
from bench.statistics.intervals import apply_rules, median_openness, ratio_openness


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
