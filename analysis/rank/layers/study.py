"""The study itself: random networks in chunks, on as many processes as there are cores, always with the same result."""

from __future__ import annotations

import math
import multiprocessing
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from analysis.rank.layers.columns import columns_of
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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
        setting: Of the study.
        d_out: Of each network, shape (networks,).
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
        """The same, where it was not cut short.

        Raises:
            KeyboardInterrupt: It was.
        """
        if self.stopped_by == "interrupted":
            raise KeyboardInterrupt
        return self


class Workers(Protocol):
    """Who computes chunks."""

    def map(self, tasks: Sequence[tuple[LayerSetting, str, int, int]]) -> Iterator[Array]:
        """The chunks of all tasks (setting, block, first network, count), in order."""


class InProcess:
    """Computes in this process, on one thread."""

    def map(self, tasks: Sequence[tuple[LayerSetting, str, int, int]]) -> Iterator[Array]:
        """The chunks of all tasks, in order."""
        from analysis.rank.layers.chunk import compute_chunk  # noqa: PLC0415 - torch
        from analysis.rank.spectra.torch_threads import torch_threads  # noqa: PLC0415 - torch

        with torch_threads(1):  # the matrices are too small to share
            for task in tasks:
                yield compute_chunk(*task)


class Processes:
    """Computes on a pool of processes with one thread each."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def map(self, tasks: Sequence[tuple[LayerSetting, str, int, int]]) -> Iterator[Array]:
        """The chunks of all tasks, in order.

        Raises:
            InputError: A process was ended from outside.
        """
        try:
            yield from self._pool.map(_compute, tasks)
        except BrokenProcessPool:
            raise InputError(
                "a process of the study was ended from outside, most likely for lack of memory; "
                "use smaller --d-out or --rows, or fewer --processes"
            ) from None


@contextmanager
def open_workers(count: int) -> Iterator[Workers]:
    """Workers for several studies: a pool of that many processes, or this process alone for 1.

    Args:
        count: Processes.
    """
    if count < 1:
        raise InputError(f"at least one process is needed; got {count}")
    if count == 1:
        yield InProcess()
        return
    pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), initializer=_settle)
    try:
        yield Processes(pool)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _settle() -> None:
    """Leave Ctrl-C to the parent, which ends the pool; use one thread, as the processes share the cores."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import torch  # noqa: PLC0415 - the parent lives without

    torch.set_num_threads(1)


def _compute(task: tuple[LayerSetting, str, int, int]) -> Array:
    from analysis.rank.layers.chunk import compute_chunk  # noqa: PLC0415 - torch

    return compute_chunk(*task)


def run_layers(
    setting: LayerSetting, workers: Workers, progress: Callable[[int, int], None] = lambda _done, _all: None
) -> LayerSample:
    """Measure the random networks of a setting.

    Ctrl-C ends the study with the networks that all blocks have; with fewer than two, it is passed on.

    Args:
        setting: What to study; the numbers depend on it alone.
        workers: Who computes.
        progress: Is told the chunks done and all there may be.
    """
    waves = [(start, min(_WAVE, setting.networks - start)) for start in range(0, setting.networks, _WAVE)]
    parts: dict[str, list[Array]] = {block: [] for block in setting.blocks}
    total = sum(-(-count // CHUNK) for _, count in waves) * len(setting.blocks)
    done, stopped_by = 0, "networks"
    try:
        for start, count in waves:
            tasks = _tasks(setting, start, count)
            fresh: dict[str, list[Array]] = {block: [] for block in setting.blocks}
            for (_, block, _, _), chunk in zip(tasks, workers.map(tasks), strict=True):
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
