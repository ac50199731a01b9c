"""The knee is the smallest size that is about as good as the best, as far as the intervals can tell."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from made_up import CASE, make_measurement

from analysis.statistics.estimates import Estimate
from bench.statistics.case_result import CaseResult
from bench.statistics.knee import Knee, find_knee, find_series

WIDE = "88% of the best, but the intervals can't tell it from 95%; measure longer"


def series(throughputs, half=0.01):
    """Throughputs at 1, 2, 4, ... with intervals of a relative half-width; None leaves the interval out."""
    return {2**step: estimate(value, half) for step, value in enumerate(throughputs)}


def estimate(value, half=0.01):
    bounds = {} if half is None else {"low": value * (1 - half), "high": value * (1 + half)}
    return Estimate(value=float(value), **bounds)


@pytest.mark.parametrize(
    ("throughputs", "half", "knee"),
    [
        pytest.param([50, 80, 97, 100, 99], 0.01, Knee(size=4, best=8, share=0.97), id="first within 5 %"),
        pytest.param([10, 20, 40], 0.01, Knee(size=4, best=4, share=1.0), id="climbs to its end"),
        pytest.param([100, 100.5, 101], 0.01, Knee(size=1, best=4, share=100 / 101), id="flat"),
        pytest.param([50, 100, 60], 0.01, Knee(size=2, best=2, share=1.0), id="slower at the end"),
        pytest.param([50, 88, 100], 0.01, Knee(size=4, best=4, share=1.0), id="narrow intervals"),
        # 88 [79, 97] may be as much as 95 % of 100 [90, 110].
        pytest.param([50, 88, 100], 0.1, Knee(size=2, best=4, share=0.88, reason=WIDE), id="wide intervals"),
    ],
)
def test_the_knee_is_the_first_size_within_five_percent_of_the_best_in_any_order(throughputs, half, knee):
    points = series(throughputs, half)
    assert find_knee(points) == find_knee(dict(reversed(points.items()))) == knee


@pytest.mark.parametrize(("second", "knee"), [(95.1, 2), (94.9, 4)])
def test_without_intervals_the_medians_decide_and_it_is_said(second, knee):
    found = find_knee(series([50, second, 100], half=None))
    assert found.size == knee
    assert found.reason == "without intervals: by the medians alone"


@pytest.mark.parametrize(("count", "best"), [(0, None), (1, 1), (2, 2)])
def test_fewer_than_three_sizes_have_no_knee(count, best):
    found = find_knee(series([50, 100][:count]))
    assert (found.size, found.best) == (None, best)
    assert math.isnan(found.share)
    assert found.reason == f"needs 3 sizes, {count} could be compared"


def result(case, throughput, status="ok"):
    return CaseResult(measurement=make_measurement([], case, status=status), throughput=estimate(throughput))


def test_series_are_over_batches_alone_and_over_streams_at_each_batch():
    queue = replace(CASE, backend="openvino", scenario="throughput")
    cases = [
        *(result(replace(queue, streams=2**step), value) for step, value in enumerate((60, 100, 90, 80))),
        result(replace(queue, streams=0), 120),  # chosen by the hint: no size of its own
        *(result(replace(CASE, batch=2**step), value) for step, value in enumerate((50, 80, 97, 100))),
        result(replace(CASE, batch=16), 200, status="mismatch"),
    ]
    alone, queued = find_series(cases)
    assert (alone.over, sorted(alone.by_size), alone.knee.size, alone.knee.best) == ("batch", [1, 2, 4, 8], 4, 8)
    assert (queued.over, sorted(queued.by_size), queued.knee.size, queued.knee.best) == ("streams", [1, 2, 4, 8], 2, 2)
