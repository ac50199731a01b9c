"""Steps are compared with steps, and shown with their parts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_up import CASE, make_measurement

from bench.records.run import RunInfo
from bench.statistics.result import summarise_run
from reports.run.data import RunData
from reports.run.frames import frame_of
from reports.run.summary import find_fastest
from reports.run.tables import view_cases
from reports.run.text import render_cases

PARTS = {"forward": 0.25, "backward": 0.5, "optimizer": 0.125}
#: Steps take four times as long as inferences; compile runs twice as fast, and trains a quarter faster.
TIMES_S = {("eager", "latency"): 1.0, ("compile", "latency"): 0.5, ("eager", "train"): 4.0, ("compile", "train"): 3.2}


def make(backend, scenario):
    case = replace(CASE, backend=backend, scenario=scenario)
    made = make_measurement(np.full((3, 5, 7), TIMES_S[backend, scenario]), case)
    parts_s = PARTS if scenario == "train" else {}
    return replace(made, rounds=tuple(replace(one, parts_s=parts_s) for one in made.rounds))


@pytest.fixture(scope="module")
def run():
    return RunData(info=RunInfo(id="x", started_at="now"), measurements=tuple(make(*key) for key in TIMES_S))


def test_a_step_is_compared_with_the_step_of_eager_and_an_inference_with_its_inference(run):
    values = {(one.case.backend, one.case.scenario): one.speedup.value for one in run.result.cases}
    assert values["compile", "latency"] == pytest.approx(2)
    assert values["compile", "train"] == pytest.approx(1.25)
    assert values["eager", "train"] == 1
    alone = summarise_run([make("eager", "latency"), make("compile", "train")])
    assert np.isnan(alone.cases[1].speedup.value)


def test_the_throughput_of_steps_is_their_images(run):
    [step] = [one for one in run.result.cases if (one.case.backend, one.case.scenario) == ("eager", "train")]
    assert step.latency.value == pytest.approx(4)
    assert step.throughput.value == pytest.approx(CASE.batch / 4)
    assert not step.queued


def test_inference_and_training_have_each_a_fastest(run):
    assert [one.best.case.scenario for one in run.result.leaders] == ["latency", "train"]
    assert "train" in find_fastest(run)[1].what
    assert find_fastest(run)[1].backend == "compile"


def test_parts_of_a_step_are_in_its_rows_alone(run):
    cases, rounds = frame_of(run, "cases"), frame_of(run, "rounds")
    for frame in (cases, rounds):
        steps = frame[frame["scenario"] == "train"]
        assert (steps["forward_s"] == 0.25).all()
        assert (steps["backward_s"] == 0.5).all()
        assert (steps["optimizer_s"] == 0.125).all()
        assert frame[frame["scenario"] == "latency"]["forward_s"].isna().all()
    assert "backward [ms]" in view_cases(cases)
    assert "backward [ms]" not in view_cases(cases[cases["scenario"] == "latency"])
    parts = "forward 250 ms [250, 250], backward 500 ms [500, 500], optimizer 125 ms [125, 125]"
    assert f"parts: {run.result.cases[2].case.describe()}: {parts}; together 21.9% of the whole" in (
        render_cases(run.result.cases)
    )


def test_a_case_says_that_it_trains():
    assert replace(CASE, scenario="train").describe() == f"{CASE.describe()} train"
    assert replace(CASE, scenario="train").id == f"{CASE.id}-train"
