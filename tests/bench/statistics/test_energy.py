"""Joules for an image: over rounds, above idle, with the interval that other rates have."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from analysis.schema import SchemaError
from bench.records.energy import Energy
from bench.records.measurement import Round
from bench.statistics.energy import summarise_energy
from bench.store.serialization import read_round

CHANCE = np.random.default_rng(3)


def made_round(joules=0.05, idle_w=40.0, reason="", turns=8):
    """Turns of ten images and 0.15 s, whose images take so much above idle."""
    if reason:
        return Round(turns_s=((0.01,),), phases_s={}, energy=Energy(reason=reason))
    noise = CHANCE.normal(1, 0.02, turns)
    energy = Energy(
        turns_j={"package": tuple((idle_w * 0.15 + 10 * joules * noise).tolist()), "dram": (0.3,) * turns},
        turns_s=(0.15,) * turns,
        images=(10,) * turns,
        idle_w={"package": idle_w, "dram": 2.0},
    )
    return Round(turns_s=((0.01,),) * turns, phases_s={}, energy=energy)


def test_idle_power_is_that_of_each_round_and_the_interval_holds_what_was_made():
    result = summarise_energy([made_round(idle_w=watts) for watts in (30.0, 40.0, 50.0, 45.0, 35.0)])
    assert result.package.low < 0.05 < result.package.high
    assert result.package.high / result.package.low < 1.05
    assert result.idle_w == 40.0


def test_one_round_has_a_value_and_says_why_it_has_no_interval():
    estimate = summarise_energy([made_round()]).package
    assert estimate.value == pytest.approx(0.05, rel=0.05)
    assert estimate.reason == "1 round is too few for an interval; use --rounds 3 or more"


def test_a_domain_that_took_no_more_than_idle_has_no_energy():
    assert summarise_energy([made_round()] * 3).dram.reason.startswith("in a round no more energy was used")


def test_rounds_without_energy_are_left_out_and_their_reason_is_given_where_none_has_any():
    result = summarise_energy(
        [made_round(), made_round(reason="intel-rapl:1 came or went"), made_round(), made_round()]
    )
    assert result.package.has_interval
    assert summarise_energy([made_round(reason="no counters")] * 3).package.reason == "no counters"
    earlier = Round(turns_s=((0.01,),), phases_s={})
    assert summarise_energy([earlier]).package.reason == "measured by a version that read no energy"


@pytest.mark.parametrize(
    "spoilt",
    [
        {"idle_w": {}},
        {"images": [1]},
        {"turns_s": []},
        {"images": [0] * 8},
        {"turns_j": {"package": [-1.0] * 8}},
        {"turns_j": {"psys": [1.0] * 8}},
        {"idle_w": {"package": 1e300, "dram": 1.0}},
        {"reason": "two\nlines"},
    ],
)
def test_a_stored_energy_that_can_t_be_is_refused_in_one_line(spoilt):
    stored = asdict(made_round())
    assert read_round(stored).energy.images == (10,) * 8
    stored["energy"] |= spoilt
    with pytest.raises(SchemaError, match="energy"):
        read_round(stored)
