"""Random networks: their sizes, weights and inputs, and the features they give under each activation.

One random network stands for all activations, ratios and blocks: the same size, the same weights (cut to the
ratio's width) and the same inputs. Differences between activations are then differences between functions, not
between draws, and need about a hundredth of the networks for the same precision.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from analysis.rank.layers.activations import FUNCTIONS
from analysis.rank.layers.setting import NO_SHORTCUT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.rank.layers.setting import LayerSetting

_NORM_EPS = 1e-5
_KERNEL = 3
#: Streams of random numbers of one network.
_SIZE, _INPUTS, _EXPANSION, _WEIGHTS = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Draw:
    """The random numbers of one network, for the largest ratio; smaller ones use the first channels of each.

    Args:
        d_out: Output channels.
        seed: Seed of the weights, one stream per weight, so that no block shifts another's.
        inputs: X, shape (images, d_out, side, side).
        dtype: Dtype of everything computed.
        law: Law of the weights, see `LayerSetting`.
        expansion: t of its inverted bottlenecks.
    """

    d_out: int
    seed: tuple[int, int]
    inputs: torch.Tensor
    dtype: torch.dtype
    law: str
    expansion: float

    def middle(self, d_in: int) -> int:
        """Channels between expansion and projection of an inverted bottleneck."""
        return middle(self.expansion, d_in)

    def weight(self, place: int, *shape: int) -> torch.Tensor:
        """Standard weights of the given shape (out, in, k, k), before the law's scale.

        Args:
            place: Which convolution of the block: 0 the first, 1 the second, 2 the projection.
            shape: Shape of the weight.
        """
        random = np.random.Generator(np.random.PCG64([*self.seed, _WEIGHTS + place]))
        values = random.uniform(-1, 1, shape) if self.law == "uniform" else random.standard_normal(shape)
        return torch.from_numpy(values).to(self.dtype)


def draw_size(setting: LayerSetting, number: int) -> int:
    """Output channels of network `number`."""
    random = np.random.Generator(np.random.PCG64([setting.seed, number, _SIZE]))
    return int(random.integers(setting.d_out[0], setting.d_out[1], endpoint=True))


def draw_expansion(setting: LayerSetting, number: int) -> float:
    """T of the inverted bottlenecks of network `number`."""
    random = np.random.Generator(np.random.PCG64([setting.seed, number, _EXPANSION]))
    return float(random.uniform(*setting.expansion))


def draw_network(setting: LayerSetting, number: int) -> Draw:
    """The random numbers of network `number`; they depend on the seed and on it alone."""
    random = np.random.Generator(np.random.PCG64([setting.seed, number, _INPUTS]))
    d_out = draw_size(setting, number)
    side = setting.spatial
    shape = (setting.rows_for(d_out) // side**2, d_out, side, side)
    values = random.uniform(0, 1, shape) if setting.inputs == "uniform" else random.standard_normal(shape)
    if setting.inputs == "half_normal":
        values = np.abs(values)
    dtype = torch.float64 if setting.precision == "float64" else torch.float32
    return Draw(
        d_out=d_out,
        seed=(setting.seed, number),
        inputs=torch.from_numpy(values).to(dtype),
        dtype=dtype,
        law=setting.weights,
        expansion=draw_expansion(setting, number),
    )


def middle(expansion: float, d_in: int) -> int:
    """Channels between expansion and projection of an inverted bottleneck, at least 1."""
    return max(1, round(expansion * d_in))


class Block:
    """One building block with the weights of one network, ready to be cut to any ratio.

    Args:
        name: One of `analysis.rank.layers.setting.ALL_BLOCKS`.
        setting: Setting of the study.
        draw: The network.
    """

    def __init__(self, name: str, setting: LayerSetting, draw: Draw) -> None:
        self._setting, self._draw, self._name = setting, draw, name
        self._shortcut = not name.endswith(NO_SHORTCUT)
        self._depthwise = "dwconv" in name
        d_out = draw.d_out
        if not name.startswith("inverted"):
            kernel = _KERNEL if name == "conv3x3" else 1
            weights = [draw.weight(0, d_out, d_out, kernel, kernel)]
        else:
            most = draw.middle(setting.d_in(max(setting.ratios), d_out))
            weights = [
                draw.weight(0, most, d_out, 1, 1),
                draw.weight(1, most, 1 if self._depthwise else most, _KERNEL, _KERNEL),
                draw.weight(2, d_out, most, 1, 1),
            ]
        self._kernels = [weight.shape[-1] for weight in weights]
        if setting.spatial == 1:
            # On a map of one position all of a kernel but its centre falls on padding.
            weights = [weight[:, :, weight.shape[-1] // 2, weight.shape[-1] // 2].contiguous() for weight in weights]
        self._weights = weights

    def features(self, ratio: float) -> torch.Tensor:
        """What the block gives under every activation of the setting.

        Args:
            ratio: d_in / d_out.

        Returns:
            Shape (activations, N, d_out), in the setting's precision.
        """
        d_in = self._setting.d_in(ratio, self._draw.d_out)
        x = self._draw.inputs[:, :d_in]
        if self._name.startswith("inverted"):
            return _as_rows(self._bottleneck(x, d_in))
        z = self._norm(self._convolve(x, 0, self._weights[0][:, :d_in])[:, None], "before")
        return _as_rows(self._norm(self._activate(z), "after"))

    def _bottleneck(self, x: torch.Tensor, d_in: int) -> torch.Tensor:
        """1x1 expansion, f, 3x3 or depthwise 3x3, f, 1x1 projection, and x added to the first d_in channels."""
        mid, second = self._draw.middle(d_in), self._setting.second_activation
        z = self._norm(self._convolve(x, 0, self._weights[0][:mid, :d_in])[:, None], "before")
        h = self._norm(self._activate(z), "after")
        middle = self._weights[1][:mid] if self._depthwise else self._weights[1][:mid, :mid]
        z = self._norm(self._convolve_each(h, 1, middle), "before")
        names = [name if second == "same" or name == "Linear" else second for name in self._setting.activations]
        h = self._norm(self._activate(z, names), "after")
        y = self._convolve_each(h, 2, self._weights[2][:, :mid])
        if self._setting.norm != "none":
            y = self._standardise(y)
        if self._shortcut:
            y[:, :, :d_in] += x[:, None]
        return y

    def _activate(self, z: torch.Tensor, names: Sequence[str] | None = None) -> torch.Tensor:
        """(B, 1 or A, C, side, side) -> (B, A, C, side, side): each activation on its own part, or on the only one."""
        names = names or self._setting.activations
        made = z if z.shape[1] == len(names) else z.new_empty(len(z), len(names), *z.shape[2:])
        for place, name in enumerate(names):
            if name != "Linear" or made is not z:
                made[:, place] = FUNCTIONS[name](z[:, min(place, z.shape[1] - 1)])
        return made

    def _convolve_each(self, h: torch.Tensor, place: int, weight: torch.Tensor) -> torch.Tensor:
        """The same convolution for every activation, as one batch."""
        merged = self._convolve(h.flatten(0, 1), place, weight)
        return merged.view(*h.shape[:2], *merged.shape[1:])

    def _convolve(self, x: torch.Tensor, place: int, weight: torch.Tensor) -> torch.Tensor:
        """Padded convolution (B, C_in, side, side) -> (B, C_out, side, side), with the scale of the weight law.

        The weight is cut to the channels at hand; on single positions it is that of the centre alone, (C_out, C_in).
        """
        kernel, depthwise = self._kernels[place], self._depthwise and place == 1
        scale = _scale(self._draw.law, weight.shape[1] * kernel**2)
        weight = weight if scale == 1 else weight * scale
        if weight.dim() > 2:  # noqa: PLR2004 - maps
            return functional.conv2d(x, weight, padding=kernel // 2, groups=len(weight) if depthwise else 1)
        rows = x.flatten(1)
        return (rows * weight[:, 0] if depthwise else rows @ weight.T)[:, :, None, None]

    def _norm(self, z: torch.Tensor, place: str) -> torch.Tensor:
        return self._standardise(z) if self._setting.norm == place else z

    def _standardise(self, z: torch.Tensor) -> torch.Tensor:
        """Batch norm without scale and shift; z has shape (B, activations, C, side, side)."""
        if self._setting.norm_statistics == "identity":
            return z / math.sqrt(1 + _NORM_EPS)
        # Every activation has its own statistics: as far as the norm can tell, its own channels.
        merged = z.flatten(1, 2) if z.shape[-1] > 1 else z.flatten(1)
        return functional.batch_norm(merged, None, None, training=True, eps=_NORM_EPS).view_as(z)


def _as_rows(y: torch.Tensor) -> torch.Tensor:
    """(B, A, C, side, side) -> (A, B * side * side, C)."""
    return y.permute(1, 0, 3, 4, 2).flatten(1, 3)


def _scale(law: str, fan_in: int) -> float:
    gain = {"normal": float(fan_in), "fan_in": 1.0, "kaiming": 2.0, "uniform": 1.0}[law]
    return math.sqrt(gain / fan_in)
