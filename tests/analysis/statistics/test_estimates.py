"""An estimate carries its interval or the reason it has none, and prints the digits that the interval supports."""

import math

import pytest

from analysis.statistics.estimates import Estimate, format_estimate


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(value=12.345, low=12.1, high=12.6), "12.35 [12.10, 12.60]"),
        (Estimate(value=0.0123, low=0.01, high=0.015), "0.0123 [0.0100, 0.0150]"),
        (Estimate(value=12345.6, low=12000, high=13000), "12346 [12000, 13000]"),
        (Estimate(value=0.001, low=-5, high=5), "0.0 [-5.0, 5.0]"),
        (Estimate(value=0.41, low=0.12, high=58), "0.41 [0.12, 58.00]"),
        (Estimate(value=5, low=5, high=5), "5.0 [5.0, 5.0]"),
        (Estimate(value=30, low=1, high=math.inf), "30 [1, inf]"),
        (Estimate(value=12.345, reason="one round"), "12.3 [no interval]"),
        (Estimate(), "-"),
    ],
)
def test_digits_follow_the_width_of_the_interval(estimate, text):
    assert format_estimate(estimate) == text


def test_unit_scale_and_sign_apply_to_all_three_numbers():
    estimate = Estimate(value=0.0123, low=-0.01, high=0.035)
    assert format_estimate(estimate, "%", scale=100, signed=True) == "+1.2 % [-1.0, +3.5]"


def test_the_half_width_is_relative_and_infinite_without_an_interval():
    assert Estimate(value=-10, low=-11, high=-9).half_width == pytest.approx(0.1)
    assert Estimate(value=10).half_width == Estimate(value=0, low=-1, high=1).half_width == math.inf


def test_only_an_interval_can_exclude_a_number():
    assert Estimate(value=1.2, low=1.1, high=1.3).excludes(1)
    assert Estimate(value=0.8, low=0.7, high=0.9).excludes(1)
    assert not Estimate(value=1.2, low=0.9, high=1.3).excludes(1)
    assert not Estimate(value=1.2).excludes(1)


def test_an_estimate_changes_its_unit():
    estimate = Estimate(value=2, low=1, high=3, method="student").scaled(1000)
    assert estimate == Estimate(value=2000, low=1000, high=3000, method="student")
