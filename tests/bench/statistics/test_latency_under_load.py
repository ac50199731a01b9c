"""Latency under load is a median over rounds and an order statistic, from times that were really seen."""

from __future__ import annotations

import math

import pytest

from bench.records.case import Case
from bench.records.measurement import Measurement, Round
from bench.statistics.latency_under_load import LoadLatency, under_load

CASE = Case(model="rexnet_1.0", resolution=224, batch=1, backend="openvino", scenario="throughput", streams=2)


def measured(*rounds):
    parts = [Round(turns_s=((1.0,),), phases_s={}, requests_s=turns) for turns in rounds]
    return Measurement(case=CASE, status="ok", rounds=tuple(parts))


def test_the_median_is_that_of_the_rounds_medians():
    found = under_load(measured(((1.0, 2.0), (3.0,)), ((2.0, 3.0, 9.0), (3.0, 4.0)), ((4.0, 5.0, 6.0),)))
    assert (found.median_s, found.requests) == (3.0, 11)


def test_the_95th_percentile_was_seen_and_needs_59_requests():
    times = tuple(float(number) for number in range(1, 60))
    assert under_load(measured((times,))).p95_s == 57.0
    assert under_load(measured((times[1:],))).p95_s is None


def test_rounds_that_agree_have_a_narrow_interval_around_the_median():
    turns = (tuple(1 + 0.01 * step for step in range(-5, 6)),) * 3
    found = under_load(measured(turns, turns, turns))
    assert found.low_s == pytest.approx(1.0)
    assert found.high_s == pytest.approx(1.0)


def test_one_round_has_no_interval_and_says_why():
    found = under_load(measured(((1.0,) * 10,)))
    assert math.isnan(found.low_s)
    assert "one process round" in found.reason


def test_without_requests_there_is_nothing():
    assert under_load(measured((), ((),))).requests == 0
    assert under_load(measured()).reason == LoadLatency(reason="no request was timed by itself").reason
