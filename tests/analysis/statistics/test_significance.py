"""The tests of difference agree with tables, with cases worked out by hand, and with simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.statistics.intervals import student_quantile
from analysis.statistics.significance import (
    adjust_p_values,
    detectable_shift,
    mann_whitney_p,
    paired_test,
    student_p,
    welch_test,
)

SLEEP = np.array(
    [[0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0], [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]]
)


@pytest.mark.parametrize("dof", [0.7, 1, 3, 4.4, 17, 800])
def test_a_p_value_is_the_inverse_of_the_quantile(dof):
    assert student_p(-student_quantile(dof), dof) == pytest.approx(0.05)
    assert student_p(0, dof) == 1
    assert student_p(math.inf, dof) == 0


@pytest.mark.parametrize("statistic", [0.1, 1.0, 2.5, 9.0, 60.0])
def test_p_values_have_the_closed_forms_of_one_and_two_degrees(statistic):
    assert student_p(statistic, 1) == pytest.approx(2 / math.pi * math.atan(1 / statistic))
    assert student_p(statistic, 2) == pytest.approx(1 - statistic / math.sqrt(2 + statistic**2), rel=1e-9)


def test_both_t_tests_give_what_is_printed_for_students_sleep_data():
    """Paired: t = 4.0621, p = 0.002833. Welch: t = 1.8608, 17.776 degrees, p = 0.07939, interval -0.2055 to 3.3655."""
    paired, apart = paired_test(SLEEP[1] - SLEEP[0]), welch_test(*SLEEP)
    assert (paired.estimate.value, paired.p_value) == pytest.approx((1.58, 0.002833), abs=1e-6)
    assert (paired.estimate.low, paired.estimate.high) == pytest.approx((0.7001, 2.4599), abs=1e-4)
    assert (apart.estimate.value, apart.p_value) == pytest.approx((1.58, 0.07939), abs=1e-5)
    assert (apart.estimate.low, apart.estimate.high) == pytest.approx((-0.2055, 3.3655), abs=1e-4)


@pytest.mark.parametrize("digits", [1, 12])
def test_the_rank_test_is_the_normal_approximation_of_counted_pairs(digits):
    random = np.random.default_rng(3)
    for shift in (0.0, 0.3, 1.0):
        first, second = random.normal(0, 1, 40).round(digits), random.normal(shift, 2, 25).round(digits)
        wins = np.sign(first[:, None] - second).sum() / 2
        _, ties = np.unique(np.concatenate([first, second]), return_counts=True)
        variance = 40 * 25 / 12 * (66 - (ties**3 - ties).sum() / (65 * 64))
        distance = max(abs(wins) - 0.5, 0) / math.sqrt(variance)
        assert mann_whitney_p(first, second) == pytest.approx(math.erfc(distance / math.sqrt(2)), rel=1e-9)


def test_samples_without_spread_are_the_same_or_are_not():
    ones, mixed = np.ones(5), np.array([1.0, 1.0, 1.0, 1.0, 6.0])
    assert welch_test(ones, ones).p_value == paired_test(0 * ones).p_value == mann_whitney_p(ones, ones) == 1
    assert welch_test(ones, 2 * ones).p_value == paired_test(ones).p_value == 0
    # The mean of the mixed sample lies exactly one standard error above 1, with 4 degrees of freedom.
    assert welch_test(ones, mixed).p_value == pytest.approx(student_p(1, 4))


def test_adjusted_p_values_are_those_of_the_textbook():
    # Benjamini and Hochberg (1995), section 3.2: of these fifteen, the four smallest are rejected.
    p_values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
    p_values += [0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert [value <= 0.05 for value in adjust_p_values(p_values)] == [True] * 4 + [False] * 11
    assert adjust_p_values([0.01, 0.03, math.nan, 0.02])[:2] == pytest.approx([0.03, 0.03])


@given(st.lists(st.one_of(st.floats(0, 1), st.just(math.nan)), max_size=20))
def test_adjusting_keeps_the_order_never_lowers_and_skips_what_is_missing(p_values):
    adjusted = adjust_p_values(p_values)
    known = sorted((p, q) for p, q in zip(p_values, adjusted, strict=True) if not math.isnan(p))
    assert all(p <= q * (1 + 1e-12) and q <= 1 for p, q in known)
    assert [q for _, q in known] == sorted(q for _, q in known)
    assert [math.isnan(p) for p in p_values] == [math.isnan(q) for q in adjusted]


@pytest.mark.parametrize("count", [2, 3, 6, 10])
def test_a_detectable_shift_is_found_as_often_as_asked_for(count):
    shift = detectable_shift(count, 0.95) / math.sqrt(count)
    draws = np.random.default_rng(2).normal(shift, 1, (20_000, count))
    errors = draws.std(axis=1, ddof=1) / math.sqrt(count)
    assert np.mean(draws.mean(axis=1) > student_quantile(count - 1) * errors) == pytest.approx(0.95, abs=0.006)


def test_with_many_values_a_detectable_shift_is_the_sum_of_two_normal_quantiles():
    assert detectable_shift(100_000, 0.95) == pytest.approx(1.959964 + 1.644854, abs=1e-3)
