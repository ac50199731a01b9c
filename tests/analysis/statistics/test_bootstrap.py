"""The percentile bootstrap covers about as often as it should, and is drawn alike each time."""

import math

import numpy as np
import pytest
import scipy

from analysis.statistics.bootstrap import (
    _tau_rows,
    bootstrap_estimate,
    correlation_estimate,
    kendall_estimate,
    resample,
)
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


def test_tau_is_scipys_with_ties():
    random = np.random.default_rng(2)
    first = random.integers(0, 8, 20).astype(float)
    second = first + random.integers(-2, 3, 20)
    estimate = kendall_estimate(first, second, list(map(str, range(20))))
    assert estimate.value == pytest.approx(scipy.stats.kendalltau(first, second).statistic)
    assert -1 < estimate.low < estimate.value < estimate.high <= 1


def test_a_resample_gives_the_tau_of_the_values_it_holds():
    random = np.random.default_rng(3)
    first, second = random.normal(size=(2, 9))
    signs = [np.sign(side[:, None] - side[None]) for side in (first, second)]
    for drawn in resample(9, draws=5):
        times = np.bincount(drawn, minlength=9)[None].astype(float)
        expected = scipy.stats.kendalltau(first[drawn], second[drawn]).statistic
        assert _tau_rows(times, *signs)[0] == pytest.approx(expected)


def test_pairs_within_a_unit_do_not_count():
    first, second = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 1.0, 4.0, 3.0])
    assert kendall_estimate(first, second, ["a", "a", "b", "b"]).value == 1
    assert kendall_estimate(first, second, ["a", "b", "c", "d"]).value == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("first", "second", "value", "reason"),
    [
        (range(9), range(9), 1, "every pair is in order"),
        (range(9), range(9, 0, -1), -1, "every pair is in order"),
        ([1, 2, 3, 4, 5], [2, 1, 3, 4, 5], 0.8, "a bootstrap needs 6 units; got 5"),
        ([1, 1, 1, 1, 1, 1], range(6), math.nan, "two values that differ on both sides are needed"),
        ([1], [1], math.nan, "two values that differ on both sides are needed"),
    ],
)
def test_a_tau_without_interval_says_why(first, second, value, reason):
    sides = [np.array(side, dtype=float) for side in (first, second)]
    estimate = kendall_estimate(*sides, list(map(str, range(len(sides[0])))))
    assert estimate.value == pytest.approx(value, nan_ok=True)
    assert not estimate.has_interval
    assert estimate.reason.startswith(reason)


@pytest.mark.extra
@pytest.mark.parametrize("units", [6, 15])
def test_the_interval_of_tau_covers_at_least_as_often_as_it_should(units):
    """Of normal values with correlation r the true tau is 2/pi asin(r)."""
    random, covered, tried = np.random.default_rng(6), 0, 0
    names = list(map(str, range(units)))
    while tried < 200:
        first = random.normal(size=units)
        estimate = kendall_estimate(first, 0.9 * first + math.sqrt(0.19) * random.normal(size=units), names)
        if estimate.has_interval:
            tried += 1
            covered += estimate.low <= 2 / math.pi * math.asin(0.9) <= estimate.high
    assert covered / tried >= 0.93
