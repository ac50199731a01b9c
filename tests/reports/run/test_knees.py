"""Knees as rows and lines, from the frame of cases."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from reports.run import frames
from reports.run.knees import render_knees

if TYPE_CHECKING:
    from reports.run.data import RunData


@pytest.fixture
def swept(run: RunData) -> pd.DataFrame:
    """Eager at four batch sizes and OpenVINO with four numbers of streams, with throughputs and intervals set."""
    cases = frames.cases_frame(run)
    eager = cases[(cases["model"] == "rexnet_1.0") & (cases["backend"] == "eager")].iloc[0]
    queue = cases[(cases["backend"] == "openvino") & (cases["scenario"] == "throughput")].iloc[0]
    rows = [
        *(_with(eager, value, batch=2**step) for step, value in enumerate((50.0, 80.0, 97.0, 100.0))),
        *(_with(queue, value, streams=2**step) for step, value in enumerate((60.0, 100.0, 90.0, 80.0))),
        _with(queue, 120.0, streams=0),
    ]
    return pd.DataFrame(rows).reset_index(drop=True)


def _with(row: pd.Series, value: float, **changes: int) -> pd.Series:
    bounds = {"throughput_low_per_s": value * 0.99, "throughput_high_per_s": value * 1.01}
    return pd.Series({**row.to_dict(), "throughput_per_s": value, **bounds, **changes})


def test_knees_are_over_batches_alone_and_over_streams_at_each_batch(swept: pd.DataFrame) -> None:
    alone, queued = frames.knees_frame(swept).to_dict("records")
    assert (alone["over"], alone["sizes"], alone["knee"], alone["best"]) == ("batch", "1 2 4 8", 4, 8)
    assert pd.isna(alone["at_batch"])
    assert (queued["over"], queued["at_batch"], queued["sizes"]) == ("streams", 1, "1 2 4 8")
    assert (queued["knee"], queued["best"], queued["share"]) == (2, 2, 1.0)


def test_a_knee_has_its_latency_which_over_streams_is_that_under_load(swept: pd.DataFrame) -> None:
    alone, queued = frames.knees_frame(swept).to_dict("records")
    assert alone["knee_latency_s"] == swept["latency_s"].iloc[2]
    assert queued["knee_latency_s"] == swept["load_latency_s"].iloc[5]


def test_a_knee_is_one_line(swept: pd.DataFrame) -> None:
    assert render_knees(frames.knees_frame(swept)).splitlines() == [
        "knee: rexnet_1.0 224 px eager: batch 4 gives 97% of the best throughput, that of batch 8",
        "knee: rexnet_1.0 224 px openvino at batch 1: streams 2 gives 100% of the best throughput, that of streams 2",
    ]


def test_two_batch_sizes_have_a_row_with_the_reason_and_no_line(run: RunData) -> None:
    knees = frames.knees_frame(frames.cases_frame(run))
    assert knees["knee"].isna().all()
    assert set(knees["reason"]) == {"needs 3 sizes, 2 could be compared", "needs 3 sizes, 1 could be compared"}
    assert render_knees(knees) == ""


def test_what_is_not_comparable_takes_no_part(run: RunData) -> None:
    broken = replace(run, measurements=tuple(replace(one, status="mismatch") for one in run.measurements))
    assert frames.knees_frame(frames.cases_frame(broken)).empty
