"""The layer study against the plain way: `numpy.linalg.matrix_rank` on one matrix after the other.

Both start from the same random networks and count the same integers: uncentred, at numpy's default tolerance, in double
precision. The plain way is written as one would from the paper's text: for every network, block, ratio and activation
the block as torch convolutions, batch norms and the activation, and the rank of its output from numpy, in one process
with one thread for each library. The study shares what activations have in common, leaves out products with padding,
takes the spectrum the fast way where that counts the same, and uses a process per core. A third one is between: numpy
in a loop, but on the study's own features. Each turn takes fresh networks, the same for all.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from torch.nn import functional

from analysis.parallel import map_in_process, open_parallel_map
from analysis.rank.layers.activations import FUNCTIONS
from analysis.rank.layers.networks import Block, Draw, draw_network
from analysis.rank.layers.setting import LayerSetting
from analysis.rank.layers.study import run_layers
from bench.machine.environment import read_thread_budget
from bench.suites.support.interleaved_timing import mean_ratio, record_ratio, time_in_turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import torch

Ranks = dict[str, np.ndarray[Any, Any]]
RATIOS = tuple(round(0.1 * step, 1) for step in range(1, 11))
SETTING = LayerSetting(
    ratios=RATIOS,
    precision="float64",
    centrings=("uncentred",),
    tolerances=("numpy",),
    networks=10,
)
BUDGET_S = 60.0
TARGET_RATIO = 3.0


@pytest.fixture(autouse=True)
def one_blas_thread(one_thread: None) -> Iterator[None]:  # noqa: ARG001 - a fixture
    """Torch and numpy's BLAS on one thread: two pools on the same cores wait for each other."""
    limits = pytest.importorskip("threadpoolctl", reason="numpy's threads are set by threadpoolctl, of scikit-learn")
    with limits.threadpool_limits(1):
        yield


def by_torch(block: str, activation: str, ratio: float, draw: Draw) -> torch.Tensor:
    """The block of one network as torch functions on maps, shape (N, d_out)."""
    d_in = SETTING.d_in(ratio, draw.d_out)
    mid, f, x = draw.middle(d_in), FUNCTIONS[activation], draw.inputs[:, :d_in]
    norm = partial(functional.batch_norm, running_mean=None, running_var=None, training=True)
    if not block.startswith("inverted"):
        kernel = 3 if block == "conv3x3" else 1
        weight = draw.weight(0, draw.d_out, draw.d_out, kernel, kernel)[:, :d_in]
        return f(norm(functional.conv2d(x, weight, padding=kernel // 2)))[:, :, 0, 0]
    most, depthwise = draw.middle(draw.d_out), "dwconv" in block
    h = f(norm(functional.conv2d(x, draw.weight(0, most, draw.d_out, 1, 1)[:mid, :d_in])))
    weight = draw.weight(1, most, 1 if depthwise else most, 3, 3)[:mid, : 1 if depthwise else mid]
    h = f(norm(functional.conv2d(h, weight, padding=1, groups=mid if depthwise else 1)))
    y = norm(functional.conv2d(h, draw.weight(2, draw.d_out, most, 1, 1)[:, :mid]))
    y[:, :d_in] += x
    return y[:, :, 0, 0]


def loop_over(setting: LayerSetting, features: Callable[[str, str, float, Draw], torch.Tensor]) -> Ranks:
    """Rank over d_out matrix by matrix, block to shape (networks, ratios, activations)."""
    shape = setting.networks, len(setting.ratios), len(setting.activations)
    ranks_by_block = {block: np.empty(shape) for block in setting.blocks}
    for number, block in itertools.product(range(setting.networks), setting.blocks):
        draw = draw_network(setting, number)
        for position, ratio in enumerate(setting.ratios):
            for place, activation in enumerate(setting.activations):
                matrix = features(block, activation, ratio, draw).numpy()
                ranks_by_block[block][number, position, place] = np.linalg.matrix_rank(matrix) / matrix.shape[1]
    return ranks_by_block


def loop_over_ours(setting: LayerSetting) -> Ranks:
    """The same on the study's own features, all activations of a ratio at once."""
    ranks_by_block: dict[str, list[Any]] = {block: [] for block in setting.blocks}
    for number, block in itertools.product(range(setting.networks), setting.blocks):
        built = Block(block, setting, draw_network(setting, number))
        ranks = [[np.linalg.matrix_rank(one.numpy()) / one.shape[1] for one in built.features(r)] for r in RATIOS]
        ranks_by_block[block].append(ranks)
    return {block: np.array(ranks) for block, ranks in ranks_by_block.items()}


@pytest.mark.extra
@pytest.mark.benchmark(group="layer study")
def test_the_layer_study_against_numpy_in_a_loop(benchmark: Any) -> None:
    expected = loop_over(SETTING, by_torch)
    with open_parallel_map(read_thread_budget()) as pool_map:
        ours = run_layers(SETTING, pool_map)
        for block, values in expected.items():
            assert np.array_equal(values, ours.column(block, "rank", "uncentred", "numpy"))
            assert np.array_equal(values, loop_over_ours(SETTING)[block])
        ways: dict[str, Callable[[LayerSetting], object]] = {
            "plain": lambda setting: loop_over(setting, by_torch),
            "numpy on our features": loop_over_ours,
            "study": lambda setting: run_layers(setting, pool_map),
            "study, one process": lambda setting: run_layers(setting, map_in_process),
        }
        # In every turn all have the same fresh networks, so that their times can be compared pair by pair.
        calls = {name: partial(_call_next, way, itertools.count()) for name, way in ways.items()}
        times_s = time_in_turns(calls, budget_s=BUDGET_S, least_turns=5, warm_up=1)
        benchmark.pedantic(lambda: run_layers(SETTING, pool_map), rounds=3)
    benchmark.extra_info.update(processes=read_thread_budget(), cores=os.cpu_count(), turns=len(times_s["plain"]))
    for slow, fast in itertools.product(("plain", "numpy on our features"), ("study", "study, one process")):
        ratio = mean_ratio(times_s[slow], times_s[fast])
        record_ratio(benchmark, f"{slow} / {fast}", ratio, f"layer study: {slow} / {fast}")
    assert benchmark.extra_info["plain / study"][1] > TARGET_RATIO


def _call_next(way: Callable[[LayerSetting], object], seeds: Iterator[int]) -> object:
    return way(replace(SETTING, seed=next(seeds)))
