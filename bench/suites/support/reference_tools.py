"""Ours held against another tool: OpenVINO's benchmark_app as a fresh process, and when a target is met."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

from analysis.statistics.estimates import format_estimate
from bench.machine.environment import TUNING_VARIABLES

if TYPE_CHECKING:
    from pathlib import Path

    from analysis.statistics.estimates import Estimate

#: Names how many pairs of fresh processes a suite takes, where its own number decides nothing.
PAIRS_VARIABLE = "REXBENCH_PAIRS"
#: Fewer have no finite two-sided 95 % interval of a median: resampled, two pairs judge by the span between them.
LEAST_PAIRS = 6


def read_pairs(default: int) -> int:
    """How many pairs to take: what `PAIRS_VARIABLE` says, or `default`; `LEAST_PAIRS` at least."""
    return max(LEAST_PAIRS, int(os.environ.get(PAIRS_VARIABLE) or default))


def run_benchmark_app(model: Path, folder: Path, *words: str) -> dict[str, Any]:
    """The report of a benchmark_app that infers in f32 on the CPU, without variables that tune, as our workers are.

    Args:
        model: The intermediate representation.
        folder: Takes the report.
        words: More of its options.
    """
    command = [
        *(sys.executable, "-c", "from openvino.tools.benchmark.main import main; main()"),
        *("-m", str(model), "-d", "CPU", "-infer_precision", "f32", *words),
        *("-report_type", "no_counters", "-json_stats", "-report_folder", str(folder)),
    ]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(TUNING_VARIABLES)}
    subprocess.run(command, check=True, capture_output=True, timeout=120, env=inherited)
    report: dict[str, Any] = json.loads((folder / "benchmark_report.json").read_text())
    return report


def judge(ratio: Estimate, within: float) -> str:
    """Whether a ratio is as close to 1 as it is to be.

    Args:
        ratio: With its interval.
        within: The largest difference that meets the target.

    Returns:
        ``met`` where the whole interval is as close, ``missed`` where none of it is, else ``undecided``.
    """
    low, high = 1 - within, 1 + within
    if low <= ratio.low and ratio.high <= high:
        return "met"
    return "missed" if ratio.low > high or ratio.high < low else "undecided"


def hold(ratio: Estimate, within: float) -> None:
    """Let the test that calls it pass where the target is met.

    Raises:
        AssertionError: The target is missed.
        SkipTest: The interval can't tell; pytest takes it for a skip.
    """
    verdict = judge(ratio, within)
    if verdict == "undecided":
        reason = f"undecided: {format_estimate(ratio)} is neither within {within:.0%} of 1 nor beyond it"
        raise SkipTest(f"{reason}; take more pairs ({PAIRS_VARIABLE}), or a quieter machine")
    assert verdict == "met", f"{format_estimate(ratio)} is more than {within:.0%} from 1"
