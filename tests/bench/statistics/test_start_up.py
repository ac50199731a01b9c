"""What a backend costs before its first answer is paid back by the time it saves, or never."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from made_up import CASE, make_measurement, make_round

from bench.statistics.result import summarise_run

EAGER = replace(CASE, batch=4)
COMPILED = replace(EAGER, backend="compile")


def rounds_of(call_s, *rounds, calls=1):
    """Rounds of like calls, one for each set of phases; `compile_cache` among these is the state of the cache."""
    return [
        make_round([[call_s] * calls], compile_cache=phases.pop("compile_cache", None), phases_s=phases)
        for phases in map(dict, rounds)
    ]


def start_ups(base, other):
    """The start-ups of a compiled case beside eager."""
    measurements = [make_measurement(base, EAGER), make_measurement(other, COMPILED)]
    return summarise_run(measurements).cases[1].start_ups


def test_break_even_divides_the_extra_cost_by_the_time_saved_per_image():
    base = rounds_of(0.4, {"build": 1.0, "first_inference": 0.5})
    phases = {"build": 1.0, "compile": 20.0, "first_inference": 0.5, "import": 9.0, "warm_up": 7.0}
    [start_up] = start_ups(base, rounds_of(0.2, phases))
    assert start_up.one_off_s == 21.5
    assert start_up.break_even.extra_s == 20
    assert start_up.break_even.saved_per_image_s == pytest.approx(0.05)
    assert start_up.break_even.images == pytest.approx(400)
    assert start_up.break_even.reason == "the speed-up has no interval"


def test_a_speed_up_that_can_not_be_told_from_1_makes_the_break_even_doubtful():
    calls = [make_round([[time_s] * 5], phases_s={"build": 2.0}) for time_s in (0.3, 0.4, 0.5)]
    [start_up] = start_ups(rounds_of(0.41, *[{"build": 1.0}] * 3, calls=5), calls)
    assert "does not differ significantly from 1" in start_up.break_even.reason


def test_break_even_tells_cold_from_cached_rounds():
    base = rounds_of(0.4, {"build": 1.0}, {"build": 1.0})
    costs_s = {"cold": 20.0, "cached": 2.0}
    other = [{"build": 1.0, "compile": taken_s, "compile_cache": cache} for cache, taken_s in costs_s.items()]
    by_cache = {one.compile_cache: one.break_even.extra_s for one in start_ups(base, rounds_of(0.2, *other))}
    assert by_cache == costs_s


@pytest.mark.parametrize(
    ("base", "other", "images", "reason"),
    [((1.0, 1.0), (2.0, 5.0), math.inf, "never pays"), ((2.0, 5.0), (1.0, 1.0), 0, "")],
)
def test_a_slower_backend_never_pays_and_one_without_extra_cost_pays_at_once(base, other, images, reason):
    rounds = [rounds_of(call_s, {"build": build_s}) for call_s, build_s in (base, other)]
    [start_up] = start_ups(*rounds)
    assert start_up.break_even.images == images
    assert reason in start_up.break_even.reason


def test_the_reference_itself_and_a_case_without_one_have_no_break_even():
    eager, alone = make_measurement(rounds_of(1.0, {"build": 1.0}), EAGER), replace(COMPILED, batch=1)
    result = summarise_run([eager, make_measurement(rounds_of(1.0, {"build": 1.0}), alone)])
    assert [[one.break_even for one in case.start_ups] for case in result.cases] == [[None], [None]]
