"""The tests of difference agree with tables and, where it is there, with scipy."""

from __future__ import annotations

import numpy as np
import pytest

from bench.statistics.significance import mann_whitney, student_p, student_quantile, welch


@pytest.mark.parametrize(
    ("dof", "quantile"), [(1, 12.706), (2, 4.303), (5, 2.571), (9, 2.262), (30, 2.042), (1e6, 1.960)]
)
def test_quantiles_are_those_of_the_printed_table(dof, quantile):
    assert student_quantile(0.95, dof) == pytest.approx(quantile, abs=5e-4)
    assert student_p(-student_quantile(0.95, dof), dof) == pytest.approx(0.05)


def test_p_values_agree_with_scipy():
    stats = pytest.importorskip("scipy.stats")
    for dof in (0.7, 1, 3, 4.4, 17, 800):
        for value in (0.0, 0.1, 1.0, 2.5, 9.0, 60.0):
            assert student_p(value, dof) == pytest.approx(2 * stats.t.sf(value, dof), rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("digits", [1, 12])
def test_both_tests_agree_with_scipy_ties_included(digits):
    stats = pytest.importorskip("scipy.stats")
    random = np.random.default_rng(3)
    for shift in (0.0, 0.3, 1.0):
        one = random.normal(0, 1, 40).round(digits)
        two = random.normal(shift, 2, 25).round(digits)
        assert welch(one, two)[2] == pytest.approx(stats.ttest_ind(one, two, equal_var=False).pvalue, rel=1e-9)
        expected = stats.mannwhitneyu(one, two, method="asymptotic").pvalue
        assert mann_whitney(one, two) == pytest.approx(expected, rel=1e-9)


def test_samples_without_spread_are_the_same_or_are_not():
    ones = np.ones(5)
    assert welch(ones, ones)[2] == 1
    assert welch(ones, 2 * ones)[2] == 0
    assert mann_whitney(ones, ones) == 1
