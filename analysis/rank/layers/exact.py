"""The layer study on integers: exact ranks, which depend on no tolerance, beside ranks from floating point.

Weights and inputs are small random integers, and the activations are scaled so that they map integers to integers:
ReLU6 and Hardswish cut at 6 s, where s is about the standard deviation of what they are given; Hardswish is
z min(max(z + 3 s, 0), 6 s), LeakyReLU takes 100 z for positive z and z for negative ones. There is no norm, and the
maps have one position, so that the 3x3 convolution of a bottleneck is a full matrix and the depthwise one a diagonal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from analysis.rank.layers.setting import NO_SHORTCUT, LayerSetting
from analysis.rank.spectra.exact_rank import exact_rank
from analysis.rank.spectra.stream import spectrum_of
from analysis.rank.spectra.tolerance import NUMPY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

#: The activations that map integers to integers.
INTEGER_ACTIVATIONS = ("Linear", "ReLU6", "ReLU", "LeakyReLU", "Hardswish")
INTEGER_BLOCKS = ("conv1x1", "inverted_bottleneck_conv3x3", "inverted_bottleneck_dwconv3x3")
RATIOS = (0.05, 0.1, round(1 / 6, 4), 0.3, 0.5, 1.0)
_D_OUT = (10, 48)
_ROWS_PER_CHANNEL = 2
#: Single layers may have large entries; in a bottleneck Hardswish squares twice.
_LARGEST = {"conv1x1": 1000}
_LARGEST_IN_BOTTLENECK = 3
_EXPANSION = 6
#: Beyond this a product could leave 64 bits.
_MOST = 2.0**62


def compare_exactly(
    *,
    blocks: Sequence[str] = INTEGER_BLOCKS,
    activations: Sequence[str] = INTEGER_ACTIVATIONS,
    ratios: Sequence[float] = RATIOS,
    networks: int = 10,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> list[dict[str, Any]]:
    """Mean exact rank / d_out beside the default rank of double and of single precision, for the same matrices.

    Args:
        blocks: Names from `INTEGER_BLOCKS`; others are left out.
        activations: Names from `INTEGER_ACTIVATIONS`; others are left out.
        ratios: d_in / d_out.
        networks: Random networks.
        seed: Seed of their numbers.
        progress: Receives the finished networks and the number of all.

    Returns:
        Rows ``block, activation, dimension_ratio, networks, exact, float64, float32``.
    """
    ranks: dict[tuple[str, str, float], list[tuple[float, float, float]]] = {}
    for number in range(networks):
        for block in (one for one in blocks if one.removesuffix(NO_SHORTCUT) in INTEGER_BLOCKS):
            for ratio in ratios:
                for activation in (one for one in activations if one in INTEGER_ACTIVATIONS):
                    features = integer_features(block, activation, ratio, number=number, seed=seed)
                    ranks.setdefault((block, activation, ratio), []).append(_ranks(features))
        progress(number + 1, networks)
    return [
        {
            "block": block,
            "activation": activation,
            "dimension_ratio": ratio,
            "networks": len(ranks),
            **dict(zip(("exact", "float64", "float32"), np.mean(ranks, axis=0).tolist(), strict=True)),
        }
        for (block, activation, ratio), ranks in ranks.items()
    ]


def integer_features(block: str, activation: str, ratio: float, *, number: int = 0, seed: int = 0) -> Integers:
    """The features of one random network of integers, shape (N, d_out).

    Args:
        block: One of `INTEGER_BLOCKS`, or with the suffix for no shortcut.
        activation: One of `INTEGER_ACTIVATIONS`.
        ratio: d_in / d_out.
        number: Number of the network; all activations and ratios share its numbers.
        seed: Seed of all networks.
    """
    random = np.random.default_rng((seed, number))
    largest = _LARGEST.get(block, _LARGEST_IN_BOTTLENECK)

    def draw(rows: int, columns: int) -> Integers:
        return random.integers(-largest, largest, (rows, columns), endpoint=True)

    d_out = int(random.integers(*_D_OUT, endpoint=True))
    d_in = LayerSetting.d_in(ratio, d_out)
    x = draw(_ROWS_PER_CHANNEL * d_out, d_out)[:, :d_in]
    if block == "conv1x1":
        return _activate(activation, _multiply(x, draw(d_out, d_out)[:d_in]))
    mid, most = _EXPANSION * d_in, _EXPANSION * d_out
    h = _activate(activation, _multiply(x, draw(d_out, most)[:d_in, :mid]))
    if "dwconv" in block:
        h = _activate(activation, h * draw(1, most)[:, :mid])
    else:
        h = _activate(activation, _multiply(h, draw(most, most)[:mid, :mid]))
    y = _multiply(h, draw(most, d_out)[:mid])
    if not block.endswith(NO_SHORTCUT):
        y[:, :d_in] += x
    return y


def _multiply(x: Integers, weight: Integers) -> Integers:
    """The exact product; entries are small enough by choice, which is checked."""
    assert float(np.abs(x).max()) * float(np.abs(weight).sum(axis=0).max()) < _MOST, "the product may leave 64 bits"
    return np.asarray(x @ weight)


def _activate(activation: str, z: Integers) -> Integers:
    unit = max(1, round(float(z.std())))
    if activation == "ReLU":
        return np.maximum(z, 0)
    if activation == "ReLU6":
        return np.clip(z, 0, 6 * unit)
    if activation == "LeakyReLU":
        return np.where(z > 0, 100 * z, z)
    if activation == "Hardswish":
        return np.asarray(z * np.clip(z + 3 * unit, 0, 6 * unit))
    return z


def _ranks(features: Integers) -> tuple[float, float, float]:
    """Exact, double-precision and single-precision rank over d_out."""
    channels, whole = features.shape[1], torch.from_numpy(features)
    found = [exact_rank(features)]
    for dtype in (torch.float64, torch.float32):
        spectrum = spectrum_of(whole.to(dtype))
        found.append(int((spectrum.uncentred > NUMPY.threshold(spectrum, "uncentred")).sum()))
    exact, double, single = (rank / channels for rank in found)
    return exact, double, single
