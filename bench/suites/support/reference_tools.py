"""Compare with another tool: OpenVINO's benchmark_app as a fresh process, and whether a ratio meets its target."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

from analysis.statistics.estimates import format_estimate
from bench.machine.variables import without_dropped

if TYPE_CHECKING:
    from pathlib import Path

    from analysis.statistics.estimates import Estimate

#: The variable that sets how many pairs of fresh processes a suite measures, where its default leaves it undecided.
PAIRS_VARIABLE = "REXBENCH_PAIRS"
#: Fewer pairs have no finite two-sided 95 % interval of a median.
LEAST_PAIRS = 6


def read_pairs(default: int) -> int:
    """How many pairs to measure: `PAIRS_VARIABLE`, or `default`; at least `LEAST_PAIRS`."""
    return max(LEAST_PAIRS, int(os.environ.get(PAIRS_VARIABLE) or default))


def run_benchmark_app(model: Path, folder: Path, *words: str) -> dict[str, Any]:
    """The report of a benchmark_app that infers in f32 on the CPU, without tuning variables, like a worker."""
    command = [
        *(sys.executable, "-c", "from openvino.tools.benchmark.main import main; main()"),
        *("-m", str(model), "-d", "CPU", "-infer_precision", "f32", *words),
        *("-report_type", "no_counters", "-json_stats", "-report_folder", str(folder)),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120, env=without_dropped())
    report: dict[str, Any] = json.loads((folder / "benchmark_report.json").read_text())
    return report


def judge(ratio: Estimate, within: float) -> str:
    """Whether the interval of a ratio is ``met``, within a share of 1, ``missed``, all beyond it, or ``undecided``."""
    low, high = 1 - within, 1 + within
    if low <= ratio.low and ratio.high <= high:
        return "met"
    return "missed" if ratio.low > high or ratio.high < low else "undecided"


def hold(ratio: Estimate, within: float) -> None:
    """Let the test that calls it pass where the target is met, fail where it is missed, and else be skipped."""
    verdict = judge(ratio, within)
    if verdict == "undecided":
        reason = f"undecided: {format_estimate(ratio)} is neither within {within:.0%} of 1 nor beyond it"
        raise SkipTest(f"{reason}; take more pairs ({PAIRS_VARIABLE}), or a quieter machine")
    assert verdict == "met", f"{format_estimate(ratio)} is more than {within:.0%} from 1"
