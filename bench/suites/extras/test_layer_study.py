"""The layer study against the plain way: `numpy.linalg.matrix_rank` on one matrix after the other.

Both start from the same random networks and count the same integers: uncentred, at numpy's default tolerance, in
double precision. The plain way is written as one would: for every network, block, ratio and activation the features
from torch, and their rank from numpy, in one process with one thread for each library. The study uses its fast path
and a process per core. Each turn takes fresh networks, so that nothing is remembered.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from analysis.rank.layers.networks import Block, draw_network
from analysis.rank.layers.setting import LayerSetting
from analysis.rank.layers.study import InProcess, open_workers, run_layers
from bench.interleave import ratio_of_medians, take_turns
from bench.machine import read_thread_budget

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTING = LayerSetting(
    ratios=tuple(round(0.1 * step, 1) for step in range(1, 11)),
    precision="float64",
    centrings=("uncentred",),
    tolerances=("numpy",),
    networks=20,
)
BUDGET_S = 90.0
TARGET_RATIO = 3.0


@pytest.fixture(autouse=True)
def one_thread_each() -> Iterator[None]:
    """Torch and numpy's BLAS on one thread: two pools on the same cores wait for each other."""
    limits = pytest.importorskip("threadpoolctl", reason="numpy's threads are set by threadpoolctl, of scikit-learn")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with limits.threadpool_limits(1):
        yield
    torch.set_num_threads(threads)


def plain(setting: LayerSetting) -> dict[str, np.ndarray[Any, Any]]:
    """Rank over d_out by the plain way, block to shape (networks, ratios, activations)."""
    found = {
        block: np.empty((setting.networks, len(setting.ratios), len(setting.activations))) for block in setting.blocks
    }
    for number, block in itertools.product(range(setting.networks), setting.blocks):
        built = Block(block, setting, draw_network(setting, number))
        for position, ratio in enumerate(setting.ratios):
            for place, matrix in enumerate(built.features(ratio)):
                found[block][number, position, place] = np.linalg.matrix_rank(matrix.numpy()) / matrix.shape[1]
    return found


@pytest.mark.extra
@pytest.mark.benchmark(group="layer study")
def test_the_layer_study_against_numpy_in_a_loop(benchmark: Any) -> None:
    seeds = itertools.count()
    expected = plain(SETTING)
    with open_workers(read_thread_budget()) as workers:
        ours = run_layers(SETTING, workers)
        for block, values in expected.items():
            assert np.array_equal(values, ours.column(block, "rank", "uncentred", "numpy"))
        alone = InProcess()
        times_s = take_turns(
            {
                "plain": lambda: plain(replace(SETTING, seed=next(seeds))),
                "study": lambda: run_layers(replace(SETTING, seed=next(seeds)), workers),
                "study, one process": lambda: run_layers(replace(SETTING, seed=next(seeds)), alone),
            },
            budget_s=BUDGET_S,
            least_turns=8,
            warm_up=1,
        )
        benchmark.pedantic(lambda: run_layers(SETTING, workers), rounds=3)
    benchmark.extra_info.update(processes=read_thread_budget(), cores=os.cpu_count(), turns=len(times_s["plain"]))
    for name in ("study", "study, one process"):
        estimate = ratio_of_medians(times_s["plain"], times_s[name])
        benchmark.extra_info[f"plain_over_{name}"] = estimate.as_list()
        print(f"\nlayer study: plain / {name} = {estimate}", end="")  # noqa: T201
    assert benchmark.extra_info["plain_over_study"][0] > TARGET_RATIO
