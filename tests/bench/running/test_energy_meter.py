"""A turn's energy is its own, less what the idle machine takes; where there is none, nothing waits and all say why."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bench.running.energy_meter import EnergyMeter, TurnReadings
from bench.running.interleaved_group import InterleavedGroup
from bench.statistics.case_result import summarise
from bench.store.serialization import dump_rounds, read_round


@pytest.fixture
def play(executor, settings, cases, tmp_path):
    def play(cases=cases):
        settings_now = replace(settings, max_rounds=settings.min_rounds)
        group = InterleavedGroup(cases, settings=settings_now, executor=executor, scratch=tmp_path)
        return {one.case.backend: one for one in group.run(None, lambda _rows: None)}

    return play


def test_each_case_gets_the_energy_of_its_own_turns_above_idle_by_all_images_that_it_computed(play, executor):
    executor.idle_w = 30.0
    executor.scripts = {"eager": {"turn_j": 4.4}, "compile": {"turn_j": 2.2}, "openvino": {"turn_j": 1.1}}
    measured = play()
    results = {backend: summarise(one).energy for backend, one in measured.items()}
    # Eleven calls of two images in a turn; ten are samples.
    for backend, joules in (("eager", 0.2), ("compile", 0.1), ("openvino", 0.05)):
        assert results[backend].package.value == pytest.approx(joules, rel=1e-4)
        assert results[backend].package.has_interval
        assert results[backend].idle_w == pytest.approx(30.0)
        assert results[backend].dram.reason == "the memory's energy can't be read"
    first = measured["eager"].rounds[0]
    assert len(first.energy.turns_s) == len(first.turns_s)
    assert set(first.energy.images) == {22}
    stored = json.loads(json.dumps(dump_rounds(measured["eager"])))
    assert tuple(map(read_round, stored)) == measured["eager"].rounds


def test_without_counters_no_time_passes_for_them_and_every_round_says_why(play, executor):
    plain = play()["eager"]
    taken_s = executor.clock
    assert {each.energy.reason for each in plain.rounds} == {"no counters"}
    assert summarise(plain).energy.package.reason == "no counters"
    executor.clock, executor.idle_w = 0.0, 30.0
    play()
    assert executor.clock == pytest.approx(taken_s + 3 * 1.0)  # a second of idle power in each of three rounds


def test_a_worker_that_does_not_count_its_calls_has_no_energy_and_the_others_have(play, executor):
    executor.idle_w = 30.0
    executor.scripts = {"compile": {"counts": False, "turn_j": 1.0}, "eager": {"turn_j": 1.0}}
    measured = play()
    assert "does not tell how many calls" in summarise(measured["compile"]).energy.package.reason
    assert summarise(measured["eager"]).energy.package.value > 0


def test_a_counter_that_stands_still_and_one_below_idle_give_a_reason_and_not_nought(play, executor):
    executor.idle_w = 0.0
    assert "does not move" in summarise(play()["eager"]).energy.package.reason
    executor.idle_w = 30.0
    assert summarise(play()["eager"]).energy.package.reason.startswith("in a round no more energy was used")


def test_counters_of_processors_say_nothing_of_a_case_on_a_gpu(executor, cases):
    executor.idle_w = 30.0
    meter = EnergyMeter(executor)
    meter.start_round()
    turn = TurnReadings(meter.read(), meter.read(), 3)
    assert "computes on cuda" in meter.describe(replace(cases[0], device="cuda"), [turn]).reason


def test_a_comparison_of_builds_spends_no_time_on_energy(executor):
    executor.idle_w = 30.0
    meter = EnergyMeter(executor, reads=False)
    meter.start_round()
    assert (executor.clock, meter.read()) == (0.0, None)


def test_instances_count_every_request_of_a_turn(play, executor, cases):
    executor.idle_w = 30.0
    executor.scripts = {"eager": {"turn_j": 1.0}}
    both = [replace(cases[0], scenario="throughput", streams=2)]
    [measured] = play(both).values()
    assert set(measured.rounds[0].energy.images) == {2 * 10 * cases[0].batch}
