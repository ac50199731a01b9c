"""How long the counters take, and how the traced one compares with fvcore.

All are given the same rexnet_3.0 with real weights, built beforehand, and take turns in random order in one
process on one thread. fvcore's turn is `FlopCountAnalysis(...).total()` from the constructor on; it runs on real
tensors, as it can't trace this network on `meta`, and its arithmetic is part of its price: a plain forward pass takes
turns with it, so that its share can be told. Ours includes making the `meta` stand-ins.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from analysis.complexity import count, trace
from analysis.complexity.fvcore_counts import fvcore_total
from bench.intervals import median_interval
from rexnet_core import create_model, model_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODEL = "rexnet_3.0"
ROUNDS = 6
TURNS = 5
TARGET_ANALYTIC_S = 5e-3
TARGET_RATIO = 3.0


@pytest.mark.benchmark(group="counters")
def test_every_registered_model_is_counted_from_its_config(benchmark: Any) -> None:
    names = model_names()
    totals = benchmark(lambda: [count(name).macs for name in names])
    benchmark.extra_info.update(models=len(totals), target_s_per_model=TARGET_ANALYTIC_S)
    if benchmark.stats is not None:
        median_s = benchmark.stats.stats.median / len(names)
        benchmark.extra_info["median_s_per_model"] = median_s
        assert median_s < TARGET_ANALYTIC_S


@pytest.mark.benchmark(group="counters")
def test_the_slowest_model_to_count(benchmark: Any) -> None:
    benchmark.extra_info["layers"] = len(benchmark(count, "regnetx_3.2gf").layers)


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
    times_s = _take_turns(counters)
    benchmark.pedantic(counters["traced"], rounds=10)
    benchmark.extra_info.update(model=MODEL, threads=torch.get_num_threads(), turns=ROUNDS * TURNS)
    benchmark.extra_info["median_s"] = {name: float(np.median(taken)) for name, taken in times_s.items()}
    for name in ("analytic", "traced", "forward"):
        estimate, low, high = _ratio(times_s["fvcore"], times_s[name])
        benchmark.extra_info[f"fvcore_over_{name}"] = [estimate, low, high]
        print(f"\n{MODEL}: fvcore / {name} = {estimate:.4g} [{low:.4g}, {high:.4g}]", end="")  # noqa: T201
    assert benchmark.extra_info["fvcore_over_traced"][1] > TARGET_RATIO


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Torch on one thread: two that contend for busy cores wait for each other, and fvcore would pay for it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def _take_turns(counters: dict[str, Callable[[], object]]) -> dict[str, list[list[float]]]:
    """Seconds of each counter, round by round and turn by turn; in a turn each runs once, in random order."""
    order, shuffler = list(counters), random.Random(0)
    times_s: dict[str, list[list[float]]] = {name: [] for name in order}
    for _ in range(ROUNDS):
        for name in order:
            times_s[name].append([])
        for _ in range(TURNS):
            shuffler.shuffle(order)
            for name in order:
                start = time.perf_counter()
                counters[name]()
                times_s[name][-1].append(time.perf_counter() - start)
    return times_s


def _ratio(base_s: list[list[float]], other_s: list[list[float]]) -> tuple[float, float, float]:
    """The median over rounds of the median ratio of turns taken side by side, and its 95 % interval."""
    rounds = [np.array(base) / np.array(other) for base, other in zip(base_s, other_s, strict=True)]
    interval = median_interval(rounds, [float(len(ratios)) for ratios in rounds])
    return float(np.median([np.median(ratios) for ratios in rounds])), interval.low, interval.high
