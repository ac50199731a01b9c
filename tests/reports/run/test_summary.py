from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reports.run import frames, summary
from reports.run.conditions import describe_conditions

if TYPE_CHECKING:
    from reports.run.data import RunData


def test_statuses_are_counted_in_their_order(run: RunData) -> None:
    counted = list(summary.count_statuses(run).items())
    assert counted == [("ok", 22), ("mismatch", 1), ("failed", 1), ("unavailable", 1), ("unsupported", 1)]


def test_the_fastest_of_each_match_is_named_with_interval_and_next(run: RunData) -> None:
    first = summary.find_fastest(run)[0]
    assert first.what == "rexnet_1.0 224 px batch 1, 2 threads"
    assert first.backend == "openvino"
    assert "ms [" in first.latency
    assert "] as fast as the next, compile" in first.against


def test_a_mismatch_is_never_the_fastest(run: RunData) -> None:
    wrong = tuple(
        replace(measurement, status="mismatch") if measurement.case.backend == "openvino" else measurement
        for measurement in run.measurements
    )
    assert {leader.backend for leader in summary.find_fastest(replace(run, measurements=wrong))} == {
        "compile",
        "torchscript",
        "eager",
    }


def test_equals_are_not_told_apart(run: RunData) -> None:
    measurement = run.measurements[0]
    twin = replace(measurement, case=replace(measurement.case, backend="compile"))
    leaders = summary.find_fastest(replace(run, measurements=(measurement, twin)))
    assert leaders[0].against.startswith("not significantly faster than")


def test_one_round_claims_no_interval(run: RunData) -> None:
    short = tuple(replace(measurement, rounds=measurement.rounds[:1]) for measurement in run.measurements[:2])
    leader = summary.find_fastest(replace(run, measurements=short))[0]
    assert "[no interval]" in leader.latency
    assert leader.against.endswith("times [no interval] as fast as the next, eager")
    assert leader.reason == "1 round is too few for an interval; use --rounds 3 or more"


def test_the_only_case_is_compared_with_nothing(run: RunData) -> None:
    leaders = summary.find_fastest(replace(run, measurements=run.measurements[:1]))
    assert leaders[0].against == "nothing else here can be compared"


def test_an_empty_run_has_no_fastest(empty_run: RunData) -> None:
    assert summary.find_fastest(empty_run) == []
    assert summary.count_statuses(empty_run) == {}


def test_a_quiet_run_raises_no_doubts(run: RunData) -> None:
    assert summary.find_doubts(run) == []


def test_a_run_gone_on_with_under_other_conditions_says_so(run: RunData) -> None:
    plain = {"at": "2026-11-21T09:00:00+00:00", "differences": []}
    forced = {"at": "2026-11-22T09:00:00+00:00", "differences": ["torch 2.13.0, now 2.14.0"]}
    settings = {**run.info.settings, "resumed": [plain, forced]}
    again = replace(run, info=replace(run.info, settings=settings))
    [doubt] = summary.find_doubts(again)
    assert "from 2026-11-22T09:00:00+00:00 on it ran under other conditions: torch 2.13.0, now 2.14.0" in doubt
    conditions = dict(describe_conditions(again.info, frames.frame_of(again, "cases")))
    expected = "2026-11-21T09:00:00+00:00, 2026-11-22T09:00:00+00:00; torch 2.13.0, now 2.14.0"
    assert conditions["interrupted, and resumed at"] == expected
    assert "resumed" not in conditions["measuring settings"]


def test_a_busy_machine_and_a_restless_warm_up_are_said(run: RunData) -> None:
    measurement = run.measurements[0]
    busy = replace(
        measurement.rounds[0], steady=False, interference={"cpu_pressure_percent": 60.4, "steal_percent": None}
    )
    doubts = summary.find_doubts(
        replace(run, measurements=(replace(measurement, rounds=(busy, *measurement.rounds[1:])),))
    )
    assert "tasks waited for a core 60 % of the time" in doubts[0]
    assert doubts[1].startswith("Warm-up hit its cap in 1 of 1 cases")
