"""What a group keeps of cases that begin with pictures, from scripted workers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.planning.plan import Selection, expand
from bench.records.files import REFERENCE
from bench.records.measurement import Measurement
from bench.records.pictures import CALL_PARTS, pictures_folder
from bench.records.run import RunInfo
from bench.running.interleaved_group import InterleavedGroup
from bench.running.resume import describe_plan

PARTS = {name: [0.001 * place, 0.002 * place, 0.09] for place, name in enumerate(CALL_PARTS, start=1)}
TURN = {"samples_s": [0.01, 0.02, 0.04], "involuntary_switches": 0, "parts_s": PARTS}


@pytest.fixture
def group(cases, settings, executor, tmp_path):
    """A group of one case whose build knows pictures."""
    prepare = executor.prepare

    def prepare_pictures(task, limit_s):
        prepared = prepare(task, limit_s)
        folder = pictures_folder(Path(task["folder"]))
        folder.mkdir()
        np.save(folder / REFERENCE, np.load(Path(task["folder"]) / REFERENCE))
        return {**prepared, "pictures": {"words": "8 pictures", "steps": "imagenet"}}

    def make(*, knows=True):
        executor.prepare = prepare_pictures if knows else prepare
        executor.scripts["eager"] = {"take_turn": TURN}
        case = replace(cases[0], scenario="end-to-end", pictures="generated")
        return InterleavedGroup([case], settings=settings, executor=executor, scratch=tmp_path)

    return make


def test_a_round_keeps_the_medians_of_the_parts(group):
    [measured] = group().run(None, lambda _measurements: None)
    assert measured.status == "ok"
    assert measured.rounds[0].parts_s == {name: 0.002 * place for place, name in enumerate(CALL_PARTS, start=1)}
    assert measured.effective.details == {"pictures": "8 pictures", "steps": "imagenet"}


def test_an_earlier_build_runs_no_such_case(group, executor):
    [measured] = group(knows=False).run(None, lambda _measurements: None)
    assert measured.status == "unsupported"
    assert measured.reason == "the build that prepares the files does not know the scenario end-to-end"
    assert executor.handles == []


def test_a_store_keeps_the_set_of_a_case_and_of_a_plan(cases, store, made_run):
    plan = expand(Selection(models=["rexnet_1.0"], backends=["eager"], scenarios=["end-to-end"], threads=1))
    assert describe_plan(plan)["pictures"]["name"] == "generated"
    one = Measurement(case=replace(cases[0], scenario="end-to-end", pictures="photos-1"), status="failed", reason="x")
    store.save_measurements(made_run, [one])
    assert store.measurements(made_run) == (one,)


@pytest.fixture
def made_run(store):
    run = RunInfo(id="20260101T000000-aaaa", started_at="2026-01-01T00:00:00+00:00")
    store.save_run(run)
    return run.id
