"""How long the counters take, and how the traced one compares with fvcore.

All are given the same rexnet_3.0 with real weights, built beforehand, and take turns in random order in one
process on one thread. fvcore's turn is `FlopCountAnalysis(...).total()` from the constructor on; it runs on real
tensors, as it can't trace this network on `meta`, and its arithmetic is part of its price: a plain forward pass takes
turns with it, so that its share can be told. Ours includes making the `meta` stand-ins.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

import pytest
import torch

from analysis.complexity import count, trace
from analysis.complexity.fvcore_counts import fvcore_total
from bench.suites.support.interleaved_timing import ratio_of_medians, record_ratio, time_in_turns
from rexnet_core import create_model, model_names

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = "rexnet_3.0"
BUDGET_S = 12.0
TARGET_ANALYTIC_S = 5e-3
TARGET_RATIO = 3.0


@pytest.mark.extra
@pytest.mark.benchmark(group="counters")
def test_every_registered_model_is_counted_from_its_config(benchmark: Any) -> None:
    names = model_names()
    totals = benchmark(lambda: [count(name).macs for name in names])
    benchmark.extra_info.update(models=len(totals), target_s_per_model=TARGET_ANALYTIC_S)
    if benchmark.stats is not None:
        median_s = benchmark.stats.stats.median / len(names)
        benchmark.extra_info["median_s_per_model"] = median_s
        assert median_s < TARGET_ANALYTIC_S


@pytest.mark.extra
@pytest.mark.benchmark(group="counters")
def test_the_slowest_model_to_count(benchmark: Any) -> None:
    benchmark.extra_info["layers"] = len(benchmark(count, "regnetx_3.2gf").layers)


@pytest.mark.extra
@pytest.mark.benchmark(group="counters")
@pytest.mark.usefixtures("one_thread")
def test_the_traced_count_against_fvcore(benchmark: Any) -> None:
    model, image = create_model(MODEL).eval().requires_grad_(False), torch.zeros(1, 3, 224, 224)
    assert trace(model).macs == count(MODEL).macs < fvcore_total(model)
    counters: dict[str, Callable[[], object]] = {
        "analytic": lambda: count(MODEL).macs,
        "traced": lambda: trace(model).macs,
        "fvcore": lambda: fvcore_total(model),
        "forward": lambda: model(image),
    }
    times_s = time_in_turns(counters, budget_s=BUDGET_S)
    benchmark.pedantic(counters["traced"], rounds=10)
    benchmark.extra_info.update(model=MODEL, threads=torch.get_num_threads(), turns=len(times_s["traced"]))
    benchmark.extra_info["median_s"] = {name: statistics.median(taken) for name, taken in times_s.items()}
    for name in ("analytic", "traced", "forward"):
        ratio = ratio_of_medians(times_s["fvcore"], times_s[name])
        record_ratio(benchmark, f"fvcore_over_{name}", ratio, f"{MODEL}: fvcore / {name}")
    assert benchmark.extra_info["fvcore_over_traced"][1] > TARGET_RATIO
