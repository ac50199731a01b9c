"""The percentile bootstrap covers about as often as it should, and is drawn alike each time."""

import math

import numpy as np
import pytest

from analysis.statistics.bootstrap import bootstrap_estimate, correlation_estimate, resample
from analysis.statistics.intervals import shared_coverage


def test_resamples_depend_on_the_seed_alone_and_hold_every_unit():
    assert (resample(7, 3) == resample(7, 3)).all()
    assert (resample(7, 3) != resample(7, 4)).any()
    assert resample(7, draws=50).shape == (50, 7)
    assert set(resample(7).ravel()) == set(range(7))


def test_the_interval_is_that_of_the_resamples():
    estimate = bootstrap_estimate(0.4, np.array([*np.linspace(0, 1, 1001), math.nan]))
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((0.4, 0.025, 0.975))
    nothing = bootstrap_estimate(0.4, np.full(10, math.nan))
    assert (nothing.has_interval, nothing.reason) == (False, "no resample gives a value")


def test_the_interval_of_a_mean_covers_about_as_often_as_it_should():
    random = np.random.default_rng(5)
    covered = 0
    for seed in range(300):
        values = random.normal(3, 1, 40)
        estimate = bootstrap_estimate(values.mean(), values[resample(40, seed, 400)].mean(axis=1))
        covered += estimate.low <= 3 <= estimate.high
    assert 0.9 < covered / 300 < 0.98


def test_the_correlation_is_spearmans_over_all_values():
    """Ranks without ties: 1 - 6 sum(d^2) / (n (n^2 - 1))."""
    random = np.random.default_rng(1)
    first = random.permutation(40).reshape(10, 4).astype(float)
    second = np.exp(first / 10 + random.normal(0, 1, (10, 4)))
    distances = first.ravel() - second.ravel().argsort().argsort()
    estimate = correlation_estimate(first, second)
    assert estimate.value == pytest.approx(1 - 6 * (distances**2).sum() / (40 * (40**2 - 1)))
    assert estimate.low < estimate.value < estimate.high
    wide = correlation_estimate(first, second, shared_coverage(2))
    assert wide.low < estimate.low < estimate.value == wide.value


def test_ties_share_their_rank_in_a_correlation():
    """Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: covariance 4.5 over sqrt(4.5 * 5)."""
    estimate = correlation_estimate(np.array([[1.0, 2.0, 2.0, 3.0]]), np.array([[1.0, 2.0, 3.0, 4.0]]))
    assert estimate.value == pytest.approx(4.5 / math.sqrt(4.5 * 5))


def test_few_units_give_a_correlation_without_interval():
    grid = np.arange(20.0).reshape(5, 4)
    estimate = correlation_estimate(grid, grid)
    assert estimate.value == pytest.approx(1)
    assert not estimate.has_interval


def test_a_constant_has_no_correlation():
    assert math.isnan(correlation_estimate(np.ones((8, 4)), np.arange(32.0).reshape(8, 4)).value)
