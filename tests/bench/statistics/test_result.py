"""A run is summarised once, and whatever shows it reads what that gave."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_up import CASE, make_measurement

from bench.records.run import RunInfo
from bench.statistics import summary
from bench.statistics.result import summarise_run
from reports.report import write_report
from reports.run.data import RunData
from reports.run.frames import frame_of, plain_rows
from reports.run.text import render_cases

PAIRS = (("rexnet_1.0", "mobilenet_v2_1.0"),)


@pytest.fixture(scope="module")
def measurements():
    """Two models on three backends, six rounds each, and a queue of requests."""
    random = np.random.default_rng(0)
    cases = [replace(CASE, model=model, backend=backend) for model in PAIRS[0] for backend in ("eager", "compile")]
    cases.append(replace(CASE, backend="openvino", scenario="throughput", streams=2))
    return tuple(make_measurement(np.exp(random.normal(0, 0.1, (6, 5, 7))), case) for case in cases)


@pytest.fixture
def resampled(monkeypatch):
    """What each bootstrap was made of, as bytes."""
    calls = []

    def watch(name):
        real = getattr(summary, name)

        def resample(*groups, **options):
            calls.append((name, *(np.concatenate([np.ravel(one) for one in group]).tobytes() for group in groups)))
            return real(*groups, **options)

        monkeypatch.setattr(summary, name, resample)

    watch("median_interval")
    watch("ratio_interval")
    return calls


def test_a_report_resamples_nothing_twice_and_nothing_after_the_result_is_made(measurements, resampled, tmp_path):
    info = RunInfo(id="x", started_at="now", settings={"rivals": [list(pair) for pair in PAIRS]})
    run = RunData(info=info, measurements=measurements)
    made = len(resampled)
    assert made == len(set(resampled))
    assert made >= 4 + 5 + 3 + 2  # latencies, throughputs, speed-ups, model ratios
    assert write_report("run", run, tmp_path, run="x").exists()
    assert plain_rows(frame_of(run, "cases"))
    assert render_cases(run.result.cases)
    assert len(resampled) == made


def test_speed_ups_are_over_the_eager_case_of_the_same_group(measurements):
    result = summarise_run(measurements)
    for place in (0, 2):
        reference = result.cases[place]
        assert (reference.speedup.value, reference.speedup.low, reference.speedup.high) == (1, 1, 1)
        expected = summary.ratio(measurements[place], measurements[place + 1])
        assert result.cases[place + 1].speedup == expected.estimate
        assert result.cases[place + 1].speedup_pairs == expected.pairs


def test_the_leader_of_each_group_is_compared_with_the_next(measurements):
    for leader in summarise_run(measurements).leaders:
        assert leader.best.latency.value <= leader.following.latency.value
        assert leader.best.case.match == leader.following.case.match
        assert leader.speedup == summary.ratio(leader.following.measurement, leader.best.measurement).estimate
