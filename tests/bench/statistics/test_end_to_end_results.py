"""Calls that begin with pictures are compared with such calls, and shown with their parts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_up import CASE, make_measurement

from bench.records.measurement import Effective
from bench.records.pictures import CALL_PARTS
from bench.records.run import RunInfo
from bench.statistics.part_shares import estimate_parts, estimate_preprocessing
from reports.run.data import RunData
from reports.run.figures import list_figures
from reports.run.frames import all_frames
from reports.run.tables import view_cases, view_end_to_end
from reports.run.text import render_cases

PREPARED_S = {"decode": 2.0, "resize": 1.0, "normalise": 1.0}
#: Time of a whole call, and of the parts that differ.
TIMES_S = {("eager", "latency"): 3.5, ("openvino", "latency"): 1.0, ("eager", "end-to-end"): 8.0}
TIMES_S |= {("openvino", "end-to-end"): 5.0}
TOLD = {"pictures": "8 generated JPEG files", "steps": "imagenet", "decoder": "Pillow"}


def make(backend, scenario):
    whole_s = TIMES_S[backend, scenario]
    case = replace(CASE, backend=backend, scenario=scenario)
    if scenario == "latency":
        return make_measurement(np.full((3, 5, 7), whole_s), case)
    made = make_measurement(
        np.full((3, 5, 7), whole_s), replace(case, pictures="generated"), effective=Effective(details=TOLD)
    )
    parts_s = {**PREPARED_S, "feed": 0.5, "inference": whole_s - 4.5}
    scaled = [{**parts_s, "decode": 2.0 * scale} for scale in (0.99, 1.0, 1.01)]
    rounds = zip(made.rounds, scaled, strict=True)
    return replace(made, rounds=tuple(replace(one, parts_s=own) for one, own in rounds))


@pytest.fixture(scope="module")
def run():
    info = RunInfo(id="x", started_at="now", environment={}, settings={})
    return RunData(info=info, measurements=tuple(make(*key) for key in TIMES_S))


@pytest.fixture(scope="module")
def frames(run):
    return all_frames(run)


def test_the_way_to_a_label_is_compared_with_eagers_way(run):
    values = {(one.case.backend, one.case.scenario): one.speedup.value for one in run.result.cases}
    assert values["openvino", "latency"] == pytest.approx(3.5)
    assert values["openvino", "end-to-end"] == pytest.approx(8 / 5)
    assert [one.best.case.scenario for one in run.result.leaders] == ["latency", "end-to-end"]


def test_other_pictures_are_not_compared(run):
    eager, openvino = run.measurements[2:]
    other = replace(openvino, case=replace(openvino.case, pictures="photos-1"))
    assert np.isnan(RunData(info=run.info, measurements=(eager, other)).result.cases[1].speedup.value)


def test_parts_have_intervals_and_preprocessing_its_share(run):
    _, _, eager, openvino = run.result.cases
    assert tuple(eager.parts) == CALL_PARTS
    assert eager.parts["decode"].value == pytest.approx(2.0, rel=1e-3)
    assert eager.parts["decode"].low < 2.0 < eager.parts["decode"].high
    assert eager.preprocessing.value == pytest.approx(0.5, rel=1e-3)
    assert openvino.preprocessing.value == pytest.approx(0.8, rel=1e-3)
    assert eager.parts_share == pytest.approx(1.0, abs=1e-3)
    assert np.isnan(run.result.cases[0].parts_share)


def test_parts_that_a_store_has_as_nothing_have_no_interval(run):
    rounds = [replace(one, parts_s=dict.fromkeys(CALL_PARTS, 0.0)) for one in run.measurements[2].rounds]
    assert estimate_parts(rounds)["feed"].reason == "too short for the clock"
    assert np.isnan(estimate_preprocessing(rounds).value)
    assert estimate_parts([]) == {}


def test_rows_text_table_and_figure_show_the_parts(run, frames):
    rows = frames["cases"]
    shown = rows[rows["scenario"] == "end-to-end"]
    assert (shown["pictures"] == "generated").all()
    assert (shown["decode_low_s"] < shown["decode_s"]).all()
    assert (shown["preprocessing_steps"] == "imagenet").all()
    assert (frames["rounds"][frames["rounds"]["scenario"] == "end-to-end"]["resize_s"].round(1) == 1).all()
    assert rows[rows["scenario"] == "latency"]["decode_s"].isna().all()
    view = view_end_to_end(rows)
    assert list(view["preprocessing [%]"]) == [text for text in view["preprocessing [%]"] if text.endswith("]")]
    assert "decode [ms]" not in view_cases(rows)
    text = render_cases(run.result.cases)
    assert "end-to-end on generated pictures: decode 2000 ms [" in text
    assert "] of them; together 100.0% of the whole" in text
    [figure] = [one for one in list_figures(frames, "here") if one.name == "end_to_end"]
    labels = [label.get_text() for label in figure.plot().axes[0].get_yticklabels()]
    assert labels == ["rexnet_1.0 b1 eager", "rexnet_1.0 b1 openvino"]


def test_a_run_without_the_scenario_has_no_such_figure(run):
    alone = all_frames(RunData(info=run.info, measurements=run.measurements[:2]))
    assert "end_to_end" not in [one.name for one in list_figures(alone, "here")]
    assert view_end_to_end(alone["cases"]).empty
