"""The share of each layer in the time of an eager forward pass.

Each leaf module is timed from just before it begins to just after it ends, by hooks. The hooks take time themselves,
some microseconds per module, which falls between the layers and into no share; so do sums, means and whatever else
runs outside of leaf modules. Shares are of the whole pass with the hooks on: they tell what dominates, and are no
latencies. Fused or compiled networks spend their time otherwise.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

_DRAWS = 1000
_COVERAGE = 0.95
PASSES = 30
WARM_UP = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerTime:
    """What one leaf module takes.

    Args:
        share: Median over the passes of its time over the whole pass.
        low: Lower end of the 95 % interval of that median, from resampling passes.
        high: Upper end.
        median_s: Median of its time in a pass, all its runs together [s].
    """

    share: float
    low: float
    high: float
    median_s: float

    def as_share(self) -> tuple[float, float, float]:
        """Share, low and high, as a network study takes them."""
        return self.share, self.low, self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerTimes:
    """The layers of one model, in the order they were registered, and how they were timed.

    Args:
        layers: By dotted name; modules that did not run are left out.
        pass_s: Median of the whole pass with the hooks on [s].
        batch: Images of a pass.
        threads: Of torch.
        passes: That were timed.
        method: In words.
    """

    layers: Mapping[str, LayerTime]
    pass_s: float
    batch: int
    threads: int
    passes: int
    method: str = "eager forward pass, leaf modules timed by hooks that add some microseconds each"

    def shares(self) -> dict[str, tuple[float, float, float]]:
        """Share, low and high by layer, as a network study takes them."""
        return {name: layer.as_share() for name, layer in self.layers.items()}


def time_layers(model: torch.nn.Module, images: torch.Tensor, *, passes: int = PASSES, seed: int = 0) -> LayerTimes:
    """The share of every leaf module in the time of a forward pass, in ``eval`` mode and without gradients.

    The model's hooks and training flags are left as they were, whatever happens.

    Args:
        model: On the CPU.
        images: What goes through, shape (B, C, H, W).
        passes: Passes that are timed, after 3 that are not.
        seed: Of the resampling.
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
    chosen = np.random.default_rng(seed).integers(len(shares), size=(_DRAWS, len(shares)))
    found = {}
    for place, name in enumerate(names):
        if not layers_s[:, place].any():
            continue
        drawn = np.median(shares[chosen, place], axis=1)
        low, high = np.quantile(drawn, [(1 - _COVERAGE) / 2, (1 + _COVERAGE) / 2])
        found[name] = LayerTime(
            share=float(np.median(shares[:, place])),
            low=float(low),
            high=float(high),
            median_s=float(np.median(layers_s[:, place])),
        )
    return found
