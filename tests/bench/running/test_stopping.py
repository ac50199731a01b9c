"""A disturbed round is measured again once; the rounds so far decide whether another follows."""

from __future__ import annotations

import math

import pytest

from bench.records.settings import Settings
from bench.running.stopping import RoundHistory, decide
from bench.statistics.intervals import FRESH_ROUNDS as FRESH


@pytest.fixture
def history():
    return RoundHistory(Settings(min_rounds=2, max_rounds=4, target=0.02))


def go(history, *disturbed, width=0.5):
    """Add rounds of a second each; which of them replaced the one before."""
    replaced = []
    for was_disturbed in disturbed:
        replaced.append(history.add_round(1.0, disturbed=was_disturbed))
        history.half_widths.append([width])
    return replaced


@pytest.mark.parametrize(
    ("disturbed", "replaced", "left"),
    [
        ([0, 0, 0], [0, 0, 0], 3),
        ([1, 0, 0], [0, 1, 0], 2),
        ([1, 1, 0], [0, 0, 0], 3),
        ([1, 1, 1, 0], [0, 0, 0, 1], 3),
        ([0, 1, 0, 1, 0], [0, 0, 1, 0, 1], 3),
    ],
)
def test_a_disturbed_round_gives_way_to_an_undisturbed_repetition_and_to_no_other(history, disturbed, replaced, left):
    assert go(history, *disturbed) == replaced
    assert len(history.half_widths) == left


def test_a_disturbed_round_is_repeated_though_the_group_has_enough(history):
    history.settings = Settings(min_rounds=2, max_rounds=20, target=0.02)
    go(history, *[False] * (1 + FRESH), True, width=0.01)
    assert history.why_stop(None) == ""
    go(history, False, width=0.01)
    assert history.why_stop(None) == "target"


def test_a_machine_that_is_never_quiet_comes_to_an_end(history):
    go(history, True, True, True, True)
    assert history.why_stop(None) == "rounds"


def test_no_time_is_no_repetition(history):
    go(history, True)
    assert history.why_stop(0.5) == "budget"
    assert history.why_stop(1.5) == ""


def test_the_next_round_takes_as_long_as_the_last_less_what_caches_save(history):
    assert math.isnan(history.next_s)
    go(history, False)
    history.saved_s = 0.25
    assert history.next_s == 0.75


@pytest.mark.parametrize(
    ("widths", "found"), [([], math.inf), ([[0.01, 0.06]], 3), ([[0.5], [0.02]], 1), ([[math.nan]], math.inf)]
)
def test_uncertainty_is_the_widest_interval_over_the_target(history, widths, found):
    history.half_widths += widths
    assert history.uncertainty == pytest.approx(found)


@pytest.mark.parametrize(
    ("disturbed", "suspect"), [([0], False), ([0, 1], True), ([1, 1], False), ([1, 1, 1], True), ([1, 0], False)]
)
def test_after_an_interruption_a_disturbed_round_is_repeated_unless_it_was_a_repetition(history, disturbed, suspect):
    history.restore(map(bool, disturbed), 5.0)
    assert (history.suspect, history.next_s) == (suspect, 5.0)


def test_no_round_fits_into_no_time(history):
    assert history.fits(1.0)
    assert not history.fits(0.0)
    go(history, False)
    history.saved_s = 1.0
    assert history.next_s == 0
    assert history.why_stop(-1.0) == history.why_stop(0.0) == "budget"


@pytest.mark.parametrize(
    ("least", "most", "widths", "reason"),
    [
        pytest.param(2, 20, [[0.01, 0.02]] * FRESH, "", id="narrow before its least rounds"),
        pytest.param(2, 20, [[0.5, 0.5], [0.01, 0.02]], "", id="narrow for the first time"),
        pytest.param(2, 20, [[0.5, 0.5], *[[0.01, 0.02]] * FRESH], "", id="narrow, and one fresh round is missing"),
        pytest.param(2, 20, [[0.5, 0.5], *[[0.01, 0.02]] * (1 + FRESH)], "target", id="narrow, and fresh rounds agree"),
        pytest.param(2, 20, [[0.5], [0.01], *[[0.5]] * FRESH], "target", id="narrow by luck, as fresh rounds show"),
        pytest.param(2, 20, [[0.5], [0.01], [0.5], [0.5]], "", id="no plateau while fresh rounds are to come"),
        pytest.param(2, 2 + FRESH, [[0.5], *[[0.01]] * (1 + FRESH)], "rounds", id="the cap ends it in any case"),
        pytest.param(2, 20, [[0.5, 0.5], *[[0.01, 0.021]] * 2], "", id="one case is wide"),
        pytest.param(2, 20, [[0.01, 0.5], [0.5, 0.01], [0.3, 0.01]], "", id="each case is narrow, never all at once"),
        pytest.param(1, 9, [[math.inf]], "", id="no interval yet"),
        pytest.param(1, 9, [[math.nan]], "", id="no interval"),
        pytest.param(2, 20, [[0.10], [0.10], [0.10]], "plateau", id="no longer narrowing"),
        pytest.param(2, 20, [[0.10], [0.08], [0.06]], "", id="narrowing"),
        pytest.param(2, 3, [[1.0], [0.8], [0.6]], "rounds", id="last round"),
    ],
)
def test_the_rounds_so_far_decide_whether_another_follows(least, most, widths, reason):
    assert decide(Settings(min_rounds=least, max_rounds=most, target=0.02), widths) == reason


@pytest.mark.parametrize(("left_s", "reason"), [(5.0, "budget"), (7.0, "")])
def test_the_end_of_the_time_ends_a_group(left_s, reason):
    assert RoundHistory(Settings(min_rounds=2, max_rounds=3), [[1.0]], took_s=[6.0]).why_stop(left_s) == reason


@pytest.mark.parametrize("rounds", range(1, 12))
def test_a_group_always_ends_by_its_last_round(rounds):
    decision = decide(Settings(min_rounds=2, max_rounds=4), [[1 / (1 + step)] for step in range(rounds)])
    assert bool(decision) == (rounds >= 4)
