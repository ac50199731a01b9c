"""The knee is the smallest size that is about as good as the best, as far as the intervals can tell."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from made_up import CASE, make_measurement

from analysis.statistics.estimates import Estimate
from bench.statistics.case_result import CaseResult
from bench.statistics.knee import Knee, find_knee, find_series


def series(throughputs, half=0.01):
    """Throughputs at 1, 2, 4, ... with intervals of a relative half-width; None leaves the interval out."""
    return {2**step: estimate(value, half) for step, value in enumerate(throughputs)}


def estimate(value, half=0.01):
    bounds = {} if half is None else {"low": value * (1 - half), "high": value * (1 + half)}
    return Estimate(value=float(value), **bounds)


def test_the_knee_is_the_first_that_is_within_five_percent_of_the_best():
    assert find_knee(series([50, 80, 97, 100, 99])) == Knee(size=4, best=8, share=0.97)


def test_a_curve_that_climbs_to_its_end_has_its_knee_there():
    assert find_knee(series([10, 20, 40])) == Knee(size=4, best=4, share=1.0)


def test_a_flat_curve_has_its_knee_at_the_smallest():
    assert find_knee(series([100, 100.5, 101])).size == 1


def test_a_larger_size_that_is_slower_does_not_count():
    assert find_knee(series([50, 100, 60])) == Knee(size=2, best=2, share=1.0)


def test_the_order_of_the_points_does_not_matter():
    points = series([50, 80, 97, 100])
    assert find_knee(dict(reversed(points.items()))) == find_knee(points)


def test_wide_intervals_can_not_tell_a_size_from_the_best_and_say_so():
    """88 [79, 97] may be as much as 95 % of 100 [90, 110]."""
    found = find_knee(series([50, 88, 100], half=0.1))
    assert (found.size, found.best) == (2, 4)
    assert found.reason == "88% of the best, but the intervals can't tell it from 95%; measure longer"


def test_narrow_intervals_can():
    assert find_knee(series([50, 88, 100], half=0.01)).size == 4


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
