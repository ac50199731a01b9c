"""How long a plan takes is estimated from past runs on the same processor, and cases above the target are listed."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from made_up import make_measurement, make_round

from bench.planning.plan import Plan, Selection, expand
from bench.records.run import RunInfo
from bench.records.settings import Settings
from bench.running.session import Session
from bench.running.time_estimate import TIME, describe_above, estimate_from, estimate_time, find_above
from bench.statistics.intervals import FRESH_ROUNDS

SETTINGS = Settings(min_rounds=2, max_rounds=4, round_s=3.0, slice_s=0.15)
PHASES = {"import": 1.0, "build": 0.5, "convert": 0.25, "compile": 20.0, "warm_up": 0.25}


def made_round(call_s=0.01, compile_cache=None, calls=3, **phases):
    return make_round([[call_s] * calls] * 5, phases_s=PHASES | phases, compile_cache=compile_cache)


@pytest.fixture
def plan(cases):
    return Plan(cases=tuple(cases), settings=SETTINGS)


def test_a_plan_takes_a_first_round_and_then_cached_ones(plan):
    [eager, compiled, openvino] = plan.cases
    past = {
        eager: [("a", made_round(compile=0.0)), ("a", made_round(compile=0.0))],
        compiled: [("a", made_round(compile_cache="cold")), ("a", made_round(compile=4.0, compile_cache="cached"))],
        openvino: [("b", made_round(compile=1.0)), ("b", made_round(compile=1.0))],
    }
    found = estimate_from(replace(plan, settings=replace(SETTINGS, max_rounds=2)), past)
    first = (2.0 + 1 + 3) + (22.0 + 1 + 3) + (3.0 + 1 + 3)
    later = (2.0 + 1 + 3) + (6.0 + 1 + 3) + (2.25 + 1 + 3)
    assert found.least_s == pytest.approx(first)
    assert found.expected_s == pytest.approx(first + later)
    assert str(found) == "about 61 s for 3 cases, from 2 past runs"


@pytest.mark.parametrize(("rounds_at_most", "expected"), [(6, 6), (20, 3 + FRESH_ROUNDS)])
def test_a_run_takes_at_least_the_rounds_that_a_target_needs(plan, rounds_at_most, expected):
    """Also where the past runs ended at the first narrow interval."""
    settings = replace(SETTINGS, min_rounds=3, max_rounds=rounds_at_most)
    case = plan.cases[0]
    past = {case: [("a", made_round())] * 3}
    found = estimate_from(replace(plan, cases=(case,), settings=settings), past)
    assert found.expected_s == pytest.approx(expected * found.least_s, rel=0.05)


def test_long_calls_take_at_least_their_turns(plan):
    case = plan.cases[0]
    estimate = estimate_from(replace(plan, cases=(case,)), {case: [("a", made_round(2.0))]})
    assert estimate.least_s == pytest.approx(22 + 1 + 10)


def test_cases_without_a_past_are_taken_to_be_like_the_others(plan):
    found = estimate_from(plan, {plan.cases[0]: [("a", made_round(compile=0.0))]})
    assert found.least_s == pytest.approx(18)
    assert "for 3 cases (2 of them new here), from 1 past run" in str(found)


def test_without_past_runs_there_is_no_estimate(plan):
    found = estimate_from(replace(plan, settings=replace(SETTINGS, budget_s=600.0)), {})
    assert math.isnan(found.expected_s)
    assert found.as_dict() == {"expected_s": None, "past_runs": 0}
    assert str(found).endswith("on this CPU: no time estimate; the budget is 10 min")


def test_a_budget_bounds_the_estimate_but_for_the_first_rounds(plan):
    past = {case: [("a", made_round(compile=50.0))] for case in plan.cases}
    enough = estimate_from(replace(plan, settings=replace(SETTINGS, budget_s=200.0)), past)
    assert enough.expected_s == 200
    scarce = estimate_from(replace(plan, settings=replace(SETTINGS, budget_s=60.0)), past)
    assert scarce.expected_s == scarce.least_s == pytest.approx(168)
    assert str(scarce).endswith("a round of each group alone takes about 3 min, more than the budget of 60 s")


def test_the_past_is_that_of_the_same_processor(store, plan):
    def run(name, model):
        return RunInfo(id=name, started_at=name, environment={"cpu": {"model": model}})

    for name, model, rounds in (("1", "this", 2), ("2", "other", 3), ("3", "this", 1)):
        store.save_run(run(name, model))
        done = make_measurement([made_round()] * rounds, plan.cases[0])
        store.save_measurements(name, [done, replace(done, case=plan.cases[1], status="mismatch")])
    estimate = estimate_time(plan, store, run("4", "this"))
    assert (estimate.past_runs, estimate.unknown) == (2, 2)
    assert [name for name, _ in store.past_rounds(plan.cases[0], ["1", "2", "3"])] == ["3", "2", "2", "2", "1", "1"]


def test_what_is_above_the_target_is_named_the_widest_first(plan):
    steady = [made_round(call_s, calls=9) for call_s in (0.01, 0.0101)]
    wide = [made_round(call_s, calls=9) for call_s in (0.01, 0.013)]
    rows = list(map(make_measurement, (steady * 3, wide * 2, wide[:1]), plan.cases))
    above = find_above(rows, 0.02)
    assert [one["case"] for one in above] == [plan.cases[2].id, plan.cases[1].id]
    text = describe_above(above, 3, 0.02)
    assert text.startswith(
        "2 of 3 cases are above the target half-width of 2 %: rexnet_1.0-64-b2-openvino (no interval), "
    )


def test_of_many_cases_above_the_target_some_are_named():
    above = [{"case": str(index), "half_width": 0.051} for index in range(8)]
    assert describe_above(above, 16, 0.02) == (
        "8 of 16 cases are above the target half-width of 2 %: "
        "0 (5.1 %), 1 (5.1 %), 2 (5.1 %), 3 (5.1 %), 4 (5.1 %), and 3 more"
    )
    assert describe_above([], 16, 0.02) == ""


def test_a_run_stores_the_time_it_expected_and_the_cases_above_the_target(store, plan, executor, measure_all):
    executor.scripts = {"eager": {"drift": 0.2}}
    budgeted = replace(plan, settings=replace(SETTINGS, round_s=0.5, budget_s=100.0))
    session = [measure_all(budgeted) for _ in range(2)][-1]
    time = store.find_run(session.run.id).settings[TIME]
    assert time["past_runs"] == 1
    assert time["expected_s"] > 0
    assert [one["case"] for one in time["above_target"]] == ["rexnet_1.0-64-b2-eager"]
    assert session.describe_shortfall().startswith("1 of 3 cases is above the target half-width of 2 %: ")


def test_a_run_that_was_stopped_does_not_report_that_all_targets_were_reached(store, plan, executor):
    executor.scripts = {"compile": {"fails_at": "take_turn", "fails_in": 1, "error": KeyboardInterrupt()}}
    with pytest.raises(KeyboardInterrupt), Session(plan, store, executor=executor) as session:
        session.measure_all()
    assert "above_target" not in store.find_run(session.run.id).settings[TIME]
    assert session.describe_shortfall() == ""


def test_a_budget_that_is_asked_for_lifts_the_cap_of_rounds():
    quick = Selection(models=["rexnet_1.0"], batch_sizes=[1])
    assert expand(quick).settings.max_rounds == 8
    assert expand(replace(quick, settings={"budget_s": 60.0})).settings.max_rounds == 20
    assert expand(replace(quick, settings={"budget_s": 60.0, "max_rounds": 3})).settings.max_rounds == 3
