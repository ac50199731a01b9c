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


@pytest.mark.parametrize(
    ("seconds", "texts"),
    [(90, ["90", "90s"]), (600, ["10m", "10min"]), (5400, ["1h30m", "1.5H"]), (3605, ["1h5s"]), (1000, ["1e3"])],
)
def test_a_budget_is_a_time(parser, seconds, texts):
    assert {read(parser, "--budget", text).settings["budget_s"] for text in texts} == {seconds}


BUDGETS = ["", " ", "0", "0s", "h", "1h30", "30m1h", "10x", "1.2.3s", "e", "inf", "nan", "٣m", "1d"]


@pytest.mark.parametrize(
    ("option", "text", "line"),
    [
        ("--streams", "auto", "a whole number or the word hint is needed, not 'auto'"),
        ("--resolutions", "wide", "a whole number or the word native is needed, not 'wide'"),
        *[("--budget", text, "a time above 0 such as 90s, 10m or 1h30m is needed") for text in BUDGETS],
    ],
)
def test_another_value_is_refused_with_the_values_that_are_allowed(parser, option, text, line):
    with pytest.raises(argparse.ArgumentError, match=line):
        read(parser, option, text)
