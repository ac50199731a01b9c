"""Quantiles are those of printed tables, and intervals cover as often as they should."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.statistics.intervals import (
    mean_estimate,
    normal_quantile,
    shared_coverage,
    standard_error,
    student_quantile,
    upper_deviation,
    wilson_estimate,
)


@pytest.mark.parametrize(
    ("dof", "quantile"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (9, 2.262), (30, 2.042), (999, 1.962), (1e6, 1.960)],
)
def test_students_quantile_is_that_of_the_printed_table(dof, quantile):
    assert student_quantile(dof) == pytest.approx(quantile, abs=5e-4)


@pytest.mark.parametrize("coverage", [0.9, 0.95, 1 - 0.05 / 12, 1 - 0.05 / 300])
def test_students_quantile_is_exact_far_out_at_few_degrees(coverage):
    """Closed forms for 1, 2 and 4 degrees of freedom."""
    assert student_quantile(1, coverage) == pytest.approx(math.tan(math.pi * coverage / 2))
    assert student_quantile(2, coverage) == pytest.approx(coverage * math.sqrt(2 / (1 - coverage**2)))
    root = math.sqrt(1 - coverage**2)
    assert student_quantile(4, coverage) == pytest.approx(2 * math.sqrt(math.cos(math.acos(root) / 3) / root - 1))


def test_the_normal_quantile_is_the_limit_of_students():
    assert normal_quantile() == pytest.approx(1.959964, abs=1e-6)
    assert student_quantile(1e9) == pytest.approx(normal_quantile())


def test_the_mean_has_students_interval():
    """Student 1908, sleep gained with the second drug: mean 0.75, standard error 0.56573, 9 degrees of freedom."""
    values = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
    assert standard_error(values) == pytest.approx(0.565735, abs=1e-6)
    estimate = mean_estimate(values)
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((0.75, -0.529780, 2.029780), abs=1e-5)
    assert (estimate.method, estimate.reason) == ("student", "")


def test_the_interval_covers_the_mean_as_often_as_it_should():
    estimates = [mean_estimate(draw) for draw in np.random.default_rng(0).normal(3, 2, (2000, 12))]
    assert 0.935 < np.mean([estimate.low <= 3 <= estimate.high for estimate in estimates]) < 0.965


@pytest.mark.parametrize(("values", "reason"), [([], "no values"), ([1.0], "one value shows no spread")])
def test_too_few_values_have_no_interval_and_a_reason(values, reason):
    estimate = mean_estimate(np.array(values))
    assert not estimate.has_interval
    assert estimate.reason == reason
    assert math.isnan(standard_error(np.array(values)))


def test_several_intervals_share_the_chance_of_a_miss():
    assert shared_coverage(1) == pytest.approx(0.95)
    assert shared_coverage(6) == pytest.approx(0.991667, abs=1e-6)
    values = np.array([1.0, 2.0, 4.0, 4.5])
    usual, wide = mean_estimate(values), mean_estimate(values, shared_coverage(6))
    # Two-sided 0.8333 % point of t with 3 degrees of freedom: 6.2315.
    assert wide.high - wide.value == pytest.approx(6.2315 * standard_error(values), rel=1e-4)
    assert wide.low < usual.low < usual.value == wide.value


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_shares_have_the_intervals_of_newcombe_1998_method_3(hits, trials, low, high):
    estimate = wilson_estimate(hits, trials)
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=5e-5)


@given(trials=st.integers(1, 60_000), share=st.floats(0, 1))
def test_wilsons_interval_holds_the_share_stays_in_range_and_mirrors(trials, share):
    hits = round(trials * share)
    estimate, mirror = wilson_estimate(hits, trials), wilson_estimate(trials - hits, trials)
    assert 0 <= estimate.low <= hits / trials <= estimate.high <= 1
    assert estimate.low < estimate.high
    assert (mirror.low, mirror.high) == pytest.approx((1 - estimate.high, 1 - estimate.low))


def test_the_ends_of_wilsons_interval_solve_the_equation_of_the_score_test():
    """If the share lies at the bound, the observed share is exactly 1.96 standard errors away."""
    estimate = wilson_estimate(38_930, 50_000)
    for bound in (estimate.low, estimate.high):
        error = (bound * (1 - bound) / 50_000) ** 0.5
        assert abs(0.7786 - bound) / error == pytest.approx(1.959964, abs=1e-6)


@pytest.mark.parametrize(("dof", "point"), [(1, 0.00393), (2, 0.10259), (5, 1.145), (10, 3.940), (30, 18.493)])
def test_the_upper_bound_of_a_deviation_rests_on_the_printed_table_of_chi_square(dof, point):
    assert upper_deviation(1.0, dof) == pytest.approx(math.sqrt(dof / point), rel=2e-3)
