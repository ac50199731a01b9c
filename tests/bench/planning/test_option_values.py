"""What counts as a number on the command line."""

from __future__ import annotations

import argparse

import pytest

from bench.planning.option_values import number, whole, whole_or


def test_numbers_and_the_one_word_are_read():
    assert (whole("12"), whole("-3"), number("1e-3"), number("2")) == (12, -3, 0.001, 2.0)
    assert [whole_or("native")(text) for text in ("native", "224")] == ["native", 224]


@pytest.mark.parametrize(
    ("read", "texts", "need"),
    [
        (whole, ["1.5", "x", "", "1e3"], "a whole number is needed"),
        (whole, ["2147483648", "-2147483648", "9" * 330], "below 2147483648 is needed"),
        (number, ["x", "", "nan", "inf", "-inf", "1e999"], "a number is needed"),
        (whole_or("native"), ["Native", "nativ", "2.5", ""], "a whole number or the word native is needed"),
    ],
)
def test_another_text_is_named_as_far_as_it_fits_the_line(read, texts, need):
    for text in texts:
        with pytest.raises(argparse.ArgumentTypeError, match=f"{need}, not '{text[:40]}" + "'" * (len(text) <= 40)):
            read(text)
