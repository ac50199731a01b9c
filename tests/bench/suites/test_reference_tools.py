"""A target is met, missed, or not decided by the interval."""

from __future__ import annotations

import json
import subprocess
from unittest import SkipTest

import pytest

from analysis.statistics.estimates import Estimate
from bench.suites.support.reference_tools import hold, judge, read_pairs, run_benchmark_app


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.98, 1.02, "met"),
        (0.97, 1.03, "met"),
        (0.5, 2.0, "undecided"),
        (1.0, 1.04, "undecided"),
        (0.9, 0.99, "undecided"),
        (1.04, 1.2, "missed"),
        (0.7, 0.96, "missed"),
    ],
)
def test_a_target_is_met_by_the_whole_interval_and_missed_by_the_whole(low, high, verdict):
    assert judge(Estimate(value=(low + high) / 2, low=low, high=high), 0.03) == verdict


def test_an_interval_that_tells_nothing_is_no_pass():
    with pytest.raises(SkipTest, match=r"undecided: 1.00 \[0.50, 2.00\] is neither within 3%"):
        hold(Estimate(value=1.0, low=0.5, high=2.0), 0.03)
    with pytest.raises(AssertionError, match=r"1.100 \[1.050, 1.200\] is more than 3% from 1"):
        hold(Estimate(value=1.1, low=1.05, high=1.2), 0.03)
    hold(Estimate(value=1.0, low=0.99, high=1.01), 0.03)


@pytest.mark.parametrize(("asked", "pairs"), [(None, 10), ("24", 24), ("2", 6)])
def test_the_number_of_pairs_can_be_named_and_is_enough_for_an_interval(monkeypatch, asked, pairs):
    monkeypatch.delenv("REXBENCH_PAIRS", raising=False)
    if asked:
        monkeypatch.setenv("REXBENCH_PAIRS", asked)
    assert read_pairs(10) == pairs


def test_benchmark_app_is_started_without_variables_that_tune(monkeypatch, tmp_path):
    started = {}
    monkeypatch.setenv("OV_CPU_SOMETHING", "1")
    monkeypatch.setenv("KMP_BLOCKTIME", "0")
    monkeypatch.setenv("KEPT", "yes")
    monkeypatch.setattr(subprocess, "run", lambda command, **words: started.update(command=command, **words))
    (tmp_path / "benchmark_report.json").write_text(json.dumps({"execution_results": {}}))
    assert run_benchmark_app(tmp_path / "a.xml", tmp_path, "-t", "4") == {"execution_results": {}}
    assert started["env"]["KEPT"] == "yes"
    assert not {"OV_CPU_SOMETHING", "KMP_BLOCKTIME"} & started["env"].keys()
    assert started["command"][started["command"].index("-t") + 1] == "4"
