"""How long each convention takes to count, beside the multiply-adds.

All count rexnet_1.0 by its name, so each pays for building the network: on `meta` where it can, with weights where it
can't (fvcore and OpenVINO). They take turns in random order in one process on one thread. OpenVINO keeps the last
graph it converted by name and would count it again for nothing, so it is made to forget it before each turn.
"""

from __future__ import annotations

import statistics
from functools import partial
from typing import Any

import pytest
import torch

from analysis.complexity import count
from analysis.complexity.conventions import CONVENTIONS, count_under
from analysis.complexity.conventions.openvino_graph import forget_graphs
from bench.suites.support.interleaved_timing import ratio_of_medians, record_ratio, time_in_turns

MODEL = "rexnet_1.0"
#: Turns are few and long with the conversions in them.
BUDGET_S = 10.0
LEAST_TURNS = 6
QUICK_LEAST_TURNS = 20
CONVERTED = tuple(name for name in CONVENTIONS if name.startswith("openvino"))
QUICK = tuple(name for name in CONVENTIONS if name not in CONVERTED)

#: At 224; those of thop 0.0.31 and OpenVINO as others printed them.
TOTALS = {"thop_0.0.31": 413_306_225, "openvino_preprocessed": 832_501_592, "openvino_constants": 4_775_497}


@pytest.mark.extra
@pytest.mark.benchmark(group="conventions")
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    ("names", "least_turns"),
    [(QUICK, QUICK_LEAST_TURNS), (("macs", *CONVERTED), LEAST_TURNS)],
    ids=["that only watch", "that convert"],
)
def test_conventions(names: tuple[str, ...], least_turns: int, benchmark: Any) -> None:
    totals = {name: _count(name) for name in names}
    known = TOTALS | {"macs": count(MODEL).macs, "two_per_mac": 2 * count(MODEL).macs, "params": count(MODEL).params}
    known["torch"] = known["two_per_mac"]
    assert {name: totals[name] for name in names if name in known} == {n: known[n] for n in names if n in known}
    calls = {name: partial(_count, name) for name in names}
    # The totals above were the warm-up.
    times_s = time_in_turns(calls, budget_s=BUDGET_S, least_turns=least_turns, warm_up=0)
    benchmark.pedantic(calls["macs"], rounds=5)
    medians_s = {name: statistics.median(taken) for name, taken in times_s.items()}
    benchmark.extra_info.update(model=MODEL, threads=torch.get_num_threads(), turns=len(times_s["macs"]))
    benchmark.extra_info.update(totals=totals, median_s=medians_s)
    for name in names:
        ratio = ratio_of_medians(times_s[name], times_s["macs"])
        record_ratio(benchmark, f"{name}_over_macs", ratio, f"{MODEL}: {name} {medians_s[name] * 1e3:.1f} ms, of macs")


def _count(name: str) -> int:
    forget_graphs()
    return count_under(name, MODEL).total
