"""pytest-benchmark's own gate works on the samples of our workers: --benchmark-compare-fail=median:5%."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.survival

SUITE = """
import os
import pytest
from bench.pytest_plugin import REPLAY, replay

@pytest.mark.benchmark(timer=REPLAY)
def test_latency(benchmark):
    replay(benchmark, [0.01 * float(os.environ["FACTOR"])] * 20)
"""


@pytest.fixture
def suite(tmp_path):
    (tmp_path / "test_suite.py").write_text(SUITE)

    def run(factor, *words):
        command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", tmp_path]
        command += ["-p", "bench.pytest_plugin", *words, "--benchmark-storage", tmp_path / "saved", tmp_path]
        environment = {**os.environ, "FACTOR": str(factor)}
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return run


def test_a_slower_median_fails_and_one_within_the_threshold_does_not(suite):
    assert suite(1.0, "--benchmark-save=base")[0] == 0
    gate = ["--benchmark-compare", "--benchmark-compare-fail=median:5%"]
    code, output = suite(1.1, *gate)
    assert code != 0
    assert "Performance has regressed" in output
    code, output = suite(1.02, *gate)
    assert code == 0, output
