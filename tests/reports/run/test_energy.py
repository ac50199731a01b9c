"""Energy is in the table, the page and the text where it could be read, and else one reason."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bench.records.energy import Energy
from reports.run.conditions import describe_conditions
from reports.run.frames import frame_of
from reports.run.tables import view_energy
from reports.run.text import render_cases

if TYPE_CHECKING:
    from bench.records.measurement import Measurement
    from reports.run.data import RunData

TURNS = 8


def with_energy(measurement: Measurement, energy: Energy) -> Measurement:
    return replace(measurement, rounds=tuple(replace(each, energy=energy) for each in measurement.rounds))


def made_energy(**domains: float) -> Energy:
    """Turns of ten images; each domain has the joules of a turn above the 2 J that the idle machine takes."""
    return Energy(
        turns_j={name: (2.0 + joules,) * TURNS for name, joules in domains.items()},
        turns_s=(0.1,) * TURNS,
        images=(10,) * TURNS,
        idle_w=dict.fromkeys(domains, 20.0),
    )


def read(run: RunData, **domains: float) -> RunData:
    return replace(run, measurements=tuple(with_energy(one, made_energy(**domains)) for one in run.measurements))


def test_a_row_has_joules_for_an_image_with_bounds_and_the_idle_power(run: RunData) -> None:
    row = frame_of(read(run, package=1.5, dram=0.5), "cases").iloc[0]
    for name, joules in (("energy", 0.15), ("energy_dram", 0.05)):
        assert row[f"{name}_j_per_image"] == pytest.approx(joules)
        assert row[f"{name}_low_j_per_image"] <= row[f"{name}_j_per_image"] <= row[f"{name}_high_j_per_image"]
    assert (row["idle_power_w"], row["energy_reason"]) == (20.0, "")
    assert set(frame_of(read(run, package=1.5), "rounds")["idle_power_w"]) == {20.0}


def test_a_row_without_energy_has_the_reason_and_no_number(run: RunData) -> None:
    hidden = [with_energy(one, Energy(reason="no counters")) for one in run.measurements]
    row = frame_of(replace(run, measurements=tuple(hidden)), "cases").iloc[0]
    assert row.filter(like="j_per_image").isna().all()
    assert row["energy_reason"] == "no counters"


def test_page_and_text_speak_of_energy_only_where_there_is_some(run: RunData) -> None:
    some = read(run, package=1.5)
    view = view_energy(frame_of(some, "cases"))
    assert view["energy [mJ/image]"].iloc[0] == pytest.approx(150)
    assert "memory [mJ/image]" not in view
    assert view_energy(frame_of(run, "cases")).empty
    lines = render_cases(some.result.cases[:1]).splitlines()
    assert lines[-2] == "energy above the idle machine [mJ/image], 95 %:"
    assert "150" in lines[-1]
    assert "energy" not in render_cases(run.result.cases)


def test_the_conditions_say_which_counters_there_were(run: RunData) -> None:
    system = {**run.info.environment["system"], "energy": "not available: the system shows none"}
    told = replace(run.info, environment={**run.info.environment, "system": system})
    cases = frame_of(run, "cases")
    assert dict(describe_conditions(told, cases))["energy counters"] == "not available: the system shows none"
    assert dict(describe_conditions(run.info, cases))["energy counters"] == "not looked for"
