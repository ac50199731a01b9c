"""A badge says what else the machine did, and never calls undisturbed what could not be seen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bench.statistics.disturbance import judge_disturbance
from reports.run import frames, summary
from reports.run.conditions import describe_conditions
from reports.run.interference_badge import render_badge
from reports.run.tables import EVIDENCE, MACHINE, MEANINGS, badges_of, view_cases, view_effective
from reports.run.text import render_cases

if TYPE_CHECKING:
    from bench.records.measurement import Measurement
    from reports.run.data import RunData

QUIET = {"others_percent": 1.0, "cpu_pressure_percent": 60.0, "steal_percent": 0.0, "involuntary_switches": 3}


def measured(run: RunData, *rounds: dict[str, float | None], repeated: int = 0) -> Measurement:
    measurement = run.measurements[0]
    disturbed = [replace(measurement.rounds[0], interference=counters) for counters in rounds]
    return replace(measurement, rounds=tuple(disturbed), repeated=(measurement.rounds[0],) * repeated)


@pytest.mark.parametrize(
    ("rounds", "repeated", "badge", "evidence"),
    [
        ([QUIET, QUIET], 0, "✓ undisturbed", "neighbours used at most 1 % of the cores"),
        ([QUIET, {**QUIET, "others_percent": 3.2}], 0, "✓ undisturbed", "neighbours used at most 4 % of the cores"),
        (
            [QUIET, QUIET],
            1,
            "✓ undisturbed",
            "neighbours used at most 1 % of the cores; 1 disturbed round measured again",
        ),
        ([QUIET, {"others_percent": None}], 0, "? not available", ""),
        ([{}], 0, "? not available", ""),
        (
            [{"others_percent": None, "steal_percent": 3.21}],
            0,
            "⚠ disturbed",
            "the hypervisor took 3.2 % of the cores in 1 of 1 rounds",
        ),
        (
            [QUIET, {"others_percent": 12.0}, {"others_percent": 34.4, "throttled_periods": 2.0}],
            0,
            "⚠ disturbed",
            (
                "neighbours used 34 % of the cores in 2 of 3 rounds; "
                "the control group was throttled 2 times in 1 of 3 rounds"
            ),
        ),
    ],
)
def test_the_badge_is_a_symbol_and_a_word_beside_the_evidence(
    run: RunData, rounds: list[dict[str, float | None]], repeated: int, badge: str, evidence: str
) -> None:
    disturbance = judge_disturbance(measured(run, *rounds, repeated=repeated))
    assert (render_badge(disturbance.state), disturbance.evidence) == (badge, evidence)


def test_pressure_and_switches_support_what_they_cannot_decide(run: RunData) -> None:
    busy = measured(run, {**QUIET, "others_percent": 40.0, "involuntary_switches": 10_000})
    evidence = judge_disturbance(busy).evidence
    assert "tasks waited for a core 60 % of the time" in evidence
    assert "involuntary switches a second" in evidence


def test_a_case_without_rounds_has_no_badge(run: RunData) -> None:
    assert render_badge(judge_disturbance(replace(run.measurements[0], rounds=())).state) == ""


@pytest.fixture
def disturbed(run: RunData) -> RunData:
    return replace(run, measurements=(measured(run, {**QUIET, "others_percent": 40.0}), *run.measurements[1:]))


def test_tables_carry_the_badge_and_what_is_unknown_is_missing(disturbed: RunData) -> None:
    cases = frames.frame_of(disturbed, "cases")
    first, second = cases.iloc[0], cases.iloc[1]
    assert (first["interference"], first["disturbed_rounds"], first["others_percent"]) == ("disturbed", 1, 40)
    assert first["interference_evidence"].startswith("neighbours used 40 % of the cores in 1 of 1 rounds")
    assert second["interference"] == "not available"
    assert second[["disturbed_rounds", "others_percent", "frequency_drop_percent"]].isna().all()


def test_rounds_that_were_replaced_are_rows_marked_so(run: RunData) -> None:
    measurement = measured(run, QUIET, QUIET, repeated=1)
    rows = frames.frame_of(replace(run, measurements=(measurement,)), "rounds")
    assert list(rows["replaced"]) == [False, False, True]
    assert len(frames.frame_of(replace(run, measurements=(measurement,)), "samples")["round"].unique()) == 2


def test_the_page_shows_the_badge_of_each_row(disturbed: RunData) -> None:
    view = view_cases(frames.frame_of(disturbed, "cases"))
    assert view[MACHINE].iloc[0] == "⚠ disturbed"
    assert view[EVIDENCE].iloc[0].startswith("neighbours used 40 %")
    assert view[MACHINE].iloc[1] == "? not available"
    assert set(badges_of(view)[MACHINE].values()) == {"badge disturbed", "badge unknown"}


def test_the_terminal_marks_disturbed_cases_and_says_why(disturbed: RunData) -> None:
    lines = render_cases(disturbed.result.cases).splitlines()
    assert lines[1].endswith("⚠ disturbed")
    assert sum("⚠" in line for line in lines) == 2
    assert "neighbours used 40 % of the cores" in lines[-1]


def test_cases_that_were_disturbed_together_share_a_line(run: RunData) -> None:
    busy = {**QUIET, "others_percent": 40.0}
    cases = [measurement.case for measurement in run.measurements if measurement.status == "ok"]
    together = [case for case in cases if (case.model, case.batch) == (cases[0].model, cases[0].batch)]
    both = tuple(replace(measured(run, busy), case=case) for case in together)
    lines = render_cases(replace(run, measurements=both).result.cases).splitlines()
    place = f"{cases[0].model} {cases[0].resolution} px batch {cases[0].batch}"
    assert len(together) > 1
    assert lines[-1] == f"  {place}, {len(together)} cases: neighbours used 40 % of the cores in 1 of 1 rounds"


def test_a_busy_machine_is_a_doubt_with_its_worst_case(disturbed: RunData) -> None:
    doubts = summary.find_doubts(disturbed)
    assert doubts[0].startswith("The machine was disturbed or slowed in 1 of 26 cases")
    assert "neighbours used 40 % of the cores in 1 of 1 rounds" in doubts[0]


def test_the_page_and_the_conditions_tell_the_whole_worst_round(run: RunData) -> None:
    worst = {**QUIET, "throttled_periods": 0.0, "frequency_drop_percent": 12.5, "involuntary_switches": 42}
    cases = frames.frame_of(replace(run, measurements=(measured(run, QUIET, worst),)), "cases")
    effective = view_effective(cases)
    assert (effective["frequency drop [%]"].iloc[0], effective["involuntary switches"].iloc[0]) == (12.5, 42)
    assert "frequency down by 12.5 %" in dict(describe_conditions(run.info, cases))["worst round"]


def test_the_meaning_of_the_badge_names_the_limits() -> None:
    assert "neighbours use over 5 % of the cores or the hypervisor over 1 %" in MEANINGS[MACHINE]
    assert "fell by no more than 10 %; disturbed" in MEANINGS[MACHINE]
