"""A dirty round is measured again once; what is noted of the rounds decides how it goes on."""

from __future__ import annotations

import math

import pytest

from bench.records.settings import Settings
from bench.running.stopping import RoundHistory


@pytest.fixture
def course():
    return RoundHistory(Settings(min_rounds=2, max_rounds=4, target=0.02))


def go(course, *dirty, width=0.5):
    """Note rounds of a second each; which of them stood for the one before."""
    replaced = []
    for one in dirty:
        replaced.append(course.note(1.0, dirty=one))
        course.half_widths.append([width])
    return replaced


@pytest.mark.parametrize(
    ("dirty", "replaced", "left"),
    [
        ([0, 0, 0], [0, 0, 0], 3),
        ([1, 0, 0], [0, 1, 0], 2),
        ([1, 1, 0], [0, 0, 0], 3),
        ([1, 1, 1, 0], [0, 0, 0, 1], 3),
        ([0, 1, 0, 1, 0], [0, 0, 1, 0, 1], 3),
    ],
)
def test_a_dirty_round_gives_way_to_a_clean_repetition_and_to_no_other(course, dirty, replaced, left):
    assert go(course, *dirty) == replaced
    assert len(course.half_widths) == left


def test_a_dirty_round_is_repeated_though_the_target_is_reached(course):
    go(course, False, True, width=0.01)
    assert course.why_stop(None) == ""
    go(course, False, width=0.01)
    assert course.why_stop(None) == "target"


def test_a_machine_that_is_never_quiet_comes_to_an_end(course):
    go(course, True, True, True, True)
    assert course.why_stop(None) == "plateau"


def test_no_time_is_no_repetition(course):
    go(course, True)
    assert course.why_stop(0.5) == "budget"
    assert course.why_stop(1.5) == ""


def test_the_next_round_takes_as_long_as_the_last_less_what_caches_save(course):
    assert math.isnan(course.next_s)
    go(course, False)
    course.saved_s = 0.25
    assert course.next_s == 0.75


@pytest.mark.parametrize(
    ("widths", "found"), [([], math.inf), ([[0.01, 0.06]], 3), ([[0.5], [0.02]], 1), ([[math.nan]], math.inf)]
)
def test_uncertainty_is_the_widest_interval_over_the_target(course, widths, found):
    course.half_widths += widths
    assert course.uncertainty == pytest.approx(found)


@pytest.mark.parametrize(
    ("dirty", "suspect"), [([0], False), ([0, 1], True), ([1, 1], False), ([1, 1, 1], True), ([1, 0], False)]
)
def test_after_an_interruption_a_dirty_round_is_repeated_unless_it_was_a_repetition(course, dirty, suspect):
    course.recall(map(bool, dirty), 5.0)
    assert (course.suspect, course.next_s) == (suspect, 5.0)


def test_no_round_fits_into_no_time(course):
    assert course.fits(1.0)
    assert not course.fits(0.0)
    go(course, False)
    course.saved_s = 1.0
    assert course.next_s == 0
    assert course.why_stop(-1.0) == course.why_stop(0.0) == "budget"
