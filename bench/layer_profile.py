"""The share of each layer in the time of an eager forward pass.

Each leaf module is timed from just before it begins to just after it ends, by hooks. The hooks take time themselves,
some microseconds per module, which falls between the layers and into no share; so do sums, means and whatever else
runs outside of leaf modules. Shares are of the whole pass with the hooks on: they show which layers
dominate, and are not latencies. In fused or compiled networks the time is distributed differently.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from analysis.statistics.bootstrap import bootstrap_estimate, resample

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from analysis.statistics.estimates import Estimate

_DRAWS = 1000
PASSES = 30
WARM_UP = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerTime:
    """What one leaf module takes: its median share of a pass, from resampling passes, and its time in a pass [s]."""

    share: Estimate
    median_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerTimes:
    """The layers of one model by name, in the order they were registered; those that did not run are left out."""

    layers: Mapping[str, LayerTime]
    pass_s: float
    batch: int
    threads: int
    passes: int
    method: str = "eager forward pass, leaf modules timed by hooks that add some microseconds each"

    def shares(self) -> dict[str, Estimate]:
        """The share of each layer, by name."""
        return {name: layer.share for name, layer in self.layers.items()}


def time_layers(model: torch.nn.Module, images: torch.Tensor, *, passes: int = PASSES, seed: int = 0) -> LayerTimes:
    """The share of every leaf module in the time of a forward pass, in ``eval`` mode and without gradients.

    The model is on the CPU, images have the shape (B, C, H, W). The first 3 passes are not timed. The model's hooks and
    training flags are left as they were, whatever happens.
    """
    leaves = {name: part for name, part in model.named_modules() if not any(part.children())}
    training = [part for part in model.modules() if part.training]
    spent_ns = dict.fromkeys(leaves, 0)
    handles: list[Any] = []
    rows, totals = [], []
    try:
        for part in training:
            part.training = False
        for name, part in leaves.items():
            handles += _attach(part, name, spent_ns)
        with torch.inference_mode():
            for turn in range(WARM_UP + passes):
                spent_ns.update(dict.fromkeys(leaves, 0))
                begun = time.perf_counter_ns()
                model(images)
                total = time.perf_counter_ns() - begun
                if turn >= WARM_UP:
                    rows.append(list(spent_ns.values()))
                    totals.append(total)
    finally:
        for handle in handles:
            handle.remove()
        for part in training:
            part.training = True
    layers_s, totals_s = np.array(rows) * 1e-9, np.array(totals) * 1e-9
    return LayerTimes(
        layers=_summarise(list(leaves), layers_s, totals_s, seed),
        pass_s=float(np.median(totals_s)),
        batch=len(images),
        threads=torch.get_num_threads(),
        passes=passes,
    )


def _attach(part: torch.nn.Module, name: str, spent_ns: dict[str, int]) -> list[Any]:
    begun: list[int] = []

    def before(*_: Any) -> None:
        begun.append(time.perf_counter_ns())

    def after(*_: Any) -> None:
        spent_ns[name] += time.perf_counter_ns() - begun.pop()

    return [part.register_forward_pre_hook(before), part.register_forward_hook(after)]


def _summarise(
    names: list[str], layers_s: npt.NDArray[np.float64], totals_s: npt.NDArray[np.float64], seed: int
) -> dict[str, LayerTime]:
    """Medians with their intervals, of times of shape (passes, layers) and (passes,)."""
    shares = layers_s / totals_s[:, None]
    resampled = resample(len(shares), seed, _DRAWS)
    return {
        name: LayerTime(
            share=bootstrap_estimate(float(np.median(own)), np.median(own[resampled], axis=1)),
            median_s=float(np.median(times_s)),
        )
        for name, own, times_s in zip(names, shares.T, layers_s.T, strict=True)
        if times_s.any()
    }
