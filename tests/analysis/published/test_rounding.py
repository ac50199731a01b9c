from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analysis.published.rounding import agree, last_digit, rounded_twice


@pytest.mark.parametrize(
    ("printed", "unit", "ours", "how"),
    [
        ("0.35", "G", 347_691_428, "rounded"),
        ("34", "M", 34_708_792, "cut"),
        ("19", "M", 19_485_308, "either"),
        ("509989377", "1", 509_989_377, "exact"),
        ("0.40", "G", 400_000_000, "exact"),
        ("0.86", "G", 875_828_154, ""),
        ("4800000", "1", 4_796_873, "rounded"),
        ("400", "M", 398_370_392, "rounded"),
        ("20", "M", 16_366_620, ""),
        ("0.3", "G", 398_370_392, ""),
        ("0.4", "G", 398_370_392, "rounded"),
        ("9730000", "1", 9_728_593, "rounded"),
        ("6.7", "M", 6_750_000, "cut"),
        ("6.8", "M", 6_750_000, "rounded"),
    ],
)
def test_a_printed_number_is_a_count_rounded_cut_or_neither(make_row, printed, unit, ours, how):
    metric = "params" if unit == "M" else "flops"
    assert agree(make_row("rexnet_1.0", metric, printed, unit), ours) == how


def test_half_a_digit_may_be_rounded_to_either_side(make_row):
    assert agree(make_row("rexnet_1.0", "params", "6.2", "M"), 6_250_000) == "either"
    assert agree(make_row("rexnet_1.0", "params", "6.3", "M"), 6_250_000) == "rounded"


@pytest.mark.parametrize(
    ("printed", "unit", "step"), [("4800000", "1", 10**5), ("16.0", "M", 10**5), ("0.40", "G", 10**7)]
)
def test_zeros_tell_behind_a_point_and_not_at_the_end_of_a_whole_number_of_ones(make_row, printed, unit, step):
    assert last_digit(make_row("rexnet_1.0", "params" if unit != "G" else "flops", printed, unit)) == step


def test_rounding_twice_is_told_from_rounding_once(make_row):
    assert rounded_twice(make_row("rexnet_lite_1.3", "params", "6.8", "M"), 6_747_960)
    assert not rounded_twice(make_row("rexnet_lite_1.3", "params", "6.8", "M"), 6_740_000)


@given(ours=st.integers(10**6, 10**11), digits=st.integers(0, 3))
def test_whatever_is_rounded_or_cut_is_recognised(make_row, ours, digits):
    exact = Decimal(ours) / 10**6
    step = Decimal(1).scaleb(-digits)
    assume(exact >= 10 * step)  # of one digit nothing is said about cutting
    for mode in ("ROUND_HALF_EVEN", "ROUND_FLOOR"):
        printed = f"{exact.quantize(step, mode):f}"
        assert agree(make_row("rexnet_1.0", "params", printed, "M"), ours)
    wrong = f"{exact.quantize(step, 'ROUND_FLOOR') + 2 * step:f}"
    if not wrong.endswith("0"):  # a zero at the end may fill up a rounder number
        assert not agree(make_row("rexnet_1.0", "params", wrong, "M"), ours)
