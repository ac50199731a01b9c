"""The options of a run as argparse reads them."""

from __future__ import annotations

import argparse

import pytest

from bench.options import add_options, read_selection


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_options(parser.add_argument)
    return parser


def read(parser, *words):
    return read_selection(parser.parse_args(words))


def test_nothing_given_leaves_everything_to_the_preset(parser):
    chosen = read(parser)
    assert (chosen.preset, chosen.resolutions, chosen.device) == ("quick", None, None)


def test_resolutions_are_pixels_or_native(parser):
    assert read(parser, "--resolutions", "native", "160").resolutions == ("native", 160)


def test_streams_are_numbers_or_the_hint(parser):
    assert read(parser, "--scenarios", "throughput", "--streams", "1", "2", "hint").streams == (1, 2, "hint")
    assert read(parser).streams is None
    with pytest.raises(argparse.ArgumentError, match="a whole number or the word hint is needed, not 'auto'"):
        read(parser, "--streams", "auto")


def test_another_resolution_is_refused_with_what_is_needed(parser):
    with pytest.raises(argparse.ArgumentError, match="a whole number or the word native is needed, not 'wide'"):
        read(parser, "--resolutions", "wide")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("10m", 600),
        ("10min", 600),
        ("1h30m", 5400),
        ("1.5H", 5400),
        ("1h5s", 3605),
        ("1e3", 1000),
    ],
)
def test_a_budget_is_a_time(parser, text, seconds):
    assert read(parser, "--budget", text).settings["budget_s"] == seconds


@pytest.mark.parametrize(
    "text", ["", " ", "0", "0s", "h", "1h30", "30m1h", "10x", "1.2.3s", "e", "inf", "nan", "٣m", "1d"]
)
def test_another_budget_is_refused_with_what_is_needed(parser, text):
    with pytest.raises(argparse.ArgumentError, match="a time above 0 such as 90s, 10m or 1h30m is needed"):
        read(parser, "--budget", text)
