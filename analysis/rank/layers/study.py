"""The study itself: random networks in chunks, on as many processes as there are cores, always with the same result."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from analysis.parallel import map_in_process
from analysis.rank.layers.columns import columns_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from analysis.parallel import ParallelMap
    from analysis.rank.layers.setting import LayerSetting
    from analysis.rank.spectra.spectrum import Array

#: Networks of one task: few, as blocks differ tenfold in their time; passing one costs a millisecond.
CHUNK = 2
#: Networks after which the target is looked at; fixed, so that the answer does not depend on the number of processes.
_WAVE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSample:
    """What every random network gave.

    Args:
        setting: Setting of the study.
        d_out: Output channels of each network, shape (networks,).
        values: Block to shape (networks, ratios, activations, columns), as a share of d_out; columns as in
            `analysis.rank.layers.columns.columns_of`.
        stopped_by: ``networks``, ``target_se`` or ``interrupted``.
    """

    setting: LayerSetting
    d_out: Array
    values: dict[str, Array]
    stopped_by: str

    def column(self, block: str, metric: str, centring: str = "", tolerance: str = "") -> Array:
        """One number of every network, shape (networks, ratios, activations)."""
        wanted = (metric, centring, tolerance)
        places = [(one.metric, one.centring, one.tolerance) for one in columns_of(self.setting)]
        return self.values[block][..., places.index(wanted)]

    @property
    def networks(self) -> int:
        """How many random networks there are."""
        return len(self.d_out)

    def whole(self) -> LayerSample:
        """This sample, if the study was not interrupted.

        Raises:
            KeyboardInterrupt: The study was interrupted.
        """
        if self.stopped_by == "interrupted":
            raise KeyboardInterrupt
        return self


def _compute(task: tuple[LayerSetting, str, int, int]) -> Array:
    from analysis.rank.layers.chunk import compute_chunk  # noqa: PLC0415 - torch

    return compute_chunk(*task)


def run_layers(
    setting: LayerSetting,
    parallel_map: ParallelMap = map_in_process,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> LayerSample:
    """Measure the random networks of a setting.

    Ctrl-C ends the study with the networks that all blocks have; before the first of them, Ctrl-C is passed on.

    Args:
        setting: What to study; the numbers depend on the setting alone.
        parallel_map: Computes the chunks.
        progress: Receives the number of finished chunks and the largest number there can be.
    """
    waves = [(start, min(_WAVE, setting.networks - start)) for start in range(0, setting.networks, _WAVE)]
    parts: dict[str, list[Array]] = {block: [] for block in setting.blocks}
    total = sum(-(-count // CHUNK) for _, count in waves) * len(setting.blocks)
    done, stopped_by = 0, "networks"
    try:
        for start, count in waves:
            tasks = _tasks(setting, start, count)
            fresh: dict[str, list[Array]] = {block: [] for block in setting.blocks}
            for (_, block, _, _), chunk in zip(tasks, parallel_map(_compute, tasks), strict=True):
                fresh[block].append(chunk)
                done += 1
                progress(done, total)
            for block, chunks in fresh.items():
                parts[block] += chunks
            if _is_reached(setting, parts, start + count):
                stopped_by = "target_se"
                break
    except KeyboardInterrupt:
        stopped_by = "interrupted"
        if not next(iter(parts.values())):
            raise
    return _collect(setting, parts, stopped_by)


def _tasks(setting: LayerSetting, start: int, count: int) -> list[tuple[LayerSetting, str, int, int]]:
    firsts = range(start, start + count, CHUNK)
    return [(setting, block, first, min(CHUNK, start + count - first)) for first in firsts for block in setting.blocks]


def _is_reached(setting: LayerSetting, parts: dict[str, list[Array]], networks: int) -> bool:
    if not setting.target_se or networks < setting.least_networks:
        return False
    primary = columns_of(setting)
    place = [(one.metric, one.centring, one.tolerance) for one in primary].index(setting.primary)
    worst = max(float(paired_errors(np.concatenate(chunks)[..., place], setting).max()) for chunks in parts.values())
    return worst <= setting.target_se


def paired_errors(values: Array, setting: LayerSetting) -> Array:
    """Standard errors of the differences to the reference activation, paired by network.

    Args:
        values: Shape (networks, ratios, activations).
        setting: Names the reference; where the study lacks it, the errors of the means are returned.

    Returns:
        Shape (ratios, activations).
    """
    if setting.reference in setting.activations:
        place = setting.activations.index(setting.reference)
        values = values - values[..., place : place + 1]
    return np.asarray(np.std(values, axis=0, ddof=1) / math.sqrt(len(values)))


def _collect(setting: LayerSetting, parts: dict[str, list[Array]], stopped_by: str) -> LayerSample:
    values = {block: np.concatenate(chunks) for block, chunks in parts.items()}
    from analysis.rank.layers.networks import draw_size  # noqa: PLC0415 - torch

    networks = len(next(iter(values.values())))
    sizes = np.array([draw_size(setting, number) for number in range(networks)], dtype=np.float64)
    return LayerSample(setting=replace(setting), d_out=sizes, values=values, stopped_by=stopped_by)
