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
    given = parser.parse_args(words)
    return read_selection(lambda name: getattr(given, name))


def test_nothing_given_leaves_everything_to_the_preset(parser):
    chosen = read(parser)
    assert (chosen.preset, chosen.resolutions, chosen.device) == ("quick", None, None)


def test_resolutions_are_pixels_or_native(parser):
    assert read(parser, "--resolutions", "native", "160").resolutions == ["native", 160]


def test_streams_are_numbers_or_the_hint(parser):
    assert read(parser, "--scenarios", "throughput", "--streams", "1", "2", "hint").streams == [1, 2, "hint"]
    assert read(parser).streams is None
    with pytest.raises(argparse.ArgumentError, match="a whole number or the word hint is needed, not 'auto'"):
        read(parser, "--streams", "auto")


def test_another_resolution_is_refused_with_what_is_needed(parser):
    with pytest.raises(argparse.ArgumentError, match="a whole number or the word native is needed, not 'wide'"):
        read(parser, "--resolutions", "wide")
