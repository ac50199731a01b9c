"""Knees as rows and lines, from the results of cases."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from analysis.statistics.estimates import Estimate
from bench.statistics.knee import RULE, find_series
from reports.run import frames
from reports.run.knees import knee_row, render_knees

if TYPE_CHECKING:
    from bench.statistics.case_result import CaseResult
    from bench.statistics.knee import Series
    from reports.run.data import RunData


@pytest.fixture
def swept(run: RunData) -> tuple[Series, ...]:
    """Eager at four batch sizes and OpenVINO with four numbers of streams, with throughputs and intervals set."""
    eager = run.result.cases[0]
    queue = next(result for result in run.result.cases if result.queued and result.case.backend == "openvino")
    cases = [
        *(_with(eager, value, batch=2**step) for step, value in enumerate((50.0, 80.0, 97.0, 100.0))),
        *(_with(queue, value, streams=2**step) for step, value in enumerate((60.0, 100.0, 90.0, 80.0))),
    ]
    return find_series(cases)


def _with(result: CaseResult, value: float, **changes: Any) -> CaseResult:
    measurement = replace(result.measurement, case=replace(result.case, **changes))
    throughput = Estimate(value=value, low=0.99 * value, high=1.01 * value)
    return replace(result, measurement=measurement, throughput=throughput)


def test_a_knee_has_its_latency_which_over_streams_is_that_under_load(swept: tuple[Series, ...]) -> None:
    alone, queued = map(knee_row, swept)
    assert (alone["over"], alone["sizes"], alone["knee"], alone["best"]) == ("batch", "1 2 4 8", 4, 8)
    assert alone["at_batch"] is None
    assert frames.TABLES["knees"]["knee"].meaning == RULE
    assert (queued["over"], queued["at_batch"], queued["knee"], queued["share"]) == ("streams", 1, 2, 1.0)
    assert alone["knee_latency_s"] == swept[0].by_size[4].latency.value
    assert queued["knee_latency_s"] == swept[1].by_size[2].load.latency.value


def test_a_knee_is_one_line(swept: tuple[Series, ...]) -> None:
    assert render_knees(swept).splitlines() == [
        "knee: rexnet_1.0 224 px eager: batch 4 gives 97% of the best throughput, that of batch 8",
        "knee: rexnet_1.0 224 px batch 1 openvino: streams 2 gives 100% of the best throughput, that of streams 2",
    ]


def test_two_batch_sizes_have_a_row_with_the_reason_and_no_line(run: RunData) -> None:
    knees = frames.frame_of(run, "knees")
    assert knees["knee"].isna().all()
    assert set(knees["reason"]) == {"needs 3 sizes, 2 could be compared", "needs 3 sizes, 1 could be compared"}
    assert render_knees(run.result.series) == ""


def test_what_is_not_comparable_takes_no_part(run: RunData) -> None:
    broken = replace(
        run, measurements=tuple(replace(measurement, status="mismatch") for measurement in run.measurements)
    )
    assert frames.frame_of(broken, "knees").empty
