"""What counts as a number on the command line."""

from __future__ import annotations

import argparse

import pytest

from bench.planning.option_values import number, whole, whole_or


def test_numbers_are_read():
    assert (whole("12"), whole("-3"), number("1e-3"), number("2")) == (12, -3, 0.001, 2.0)


@pytest.mark.parametrize("text", ["1.5", "x", "", "1e3"])
def test_what_is_no_whole_number_is_named(text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"a whole number is needed, not '{text}'"):
        whole(text)


@pytest.mark.parametrize("text", ["2147483648", "-2147483648", "9" * 330])
def test_a_whole_number_beyond_32_bits_is_named_as_far_as_it_fits_the_line(text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"below 2147483648 is needed, not '{text[:40]}'"):
        whole(text)


@pytest.mark.parametrize("text", ["x", "", "nan", "inf", "-inf", "1e999"])
def test_what_is_no_finite_number_is_named(text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"a number is needed, not '{text}'"):
        number(text)


def test_a_whole_number_or_the_one_word_is_read():
    assert [whole_or("native")(text) for text in ("native", "224")] == ["native", 224]


@pytest.mark.parametrize("text", ["Native", "nativ", "2.5", ""])
def test_another_word_is_named_beside_the_one(text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"a whole number or the word native is needed, not '{text}'"):
        whole_or("native")(text)
