"""Where SiLU gives more rank than ReLU6 and where less, over tolerance and width: what settles the claim about them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.rank.layers.setting import LayerSetting
from analysis.rank.layers.study import run_layers
from analysis.statistics.intervals import mean_estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from analysis.parallel import ParallelMap
    from analysis.rank.layers.study import LayerSample

WIDTHS = (16, 32, 64, 128, 256, 512)
_RATIOS = (0.1, 0.25, 0.5)
_TOLERANCES = tuple(f"rel:{value:g}" for value in np.round(np.logspace(-5, -0.5, 19), 8))
#: Wide layers vary little from draw to draw and take long.
_NETWORKS = {16: 100, 32: 60, 64: 40, 128: 24, 256: 12, 512: 6}
_ACTIVATION, _REFERENCE = "SiLU", "ReLU6"
_BASE = LayerSetting(
    blocks=("conv1x1",),
    activations=(_REFERENCE, _ACTIVATION),
    ratios=_RATIOS,
    precision="float64",
    tolerances=_TOLERANCES,
    primary=("rank", "uncentred", _TOLERANCES[0]),
)


def describe_map(seed: int) -> dict[str, Any]:
    """Every parameter of the map, plain."""
    varying = {"d_out": list(WIDTHS), "networks": [_NETWORKS[width] for width in WIDTHS], "seed": seed}
    return {**_BASE.as_dict(), **varying}


def map_signs(
    parallel_map: ParallelMap,
    *,
    widths: Sequence[int] = WIDTHS,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> list[dict[str, Any]]:
    """Paired differences of rank / d_out, SiLU minus ReLU6, of a 1x1 convolution with batch norm before.

    Args:
        parallel_map: Computes the chunks of networks.
        widths: d_out.
        seed: Seed of weights and inputs.
        progress: Receives the finished widths and the number of all.

    Returns:
        Rows ``block, activation, reference, d_out, dimension_ratio, centring, tolerance, networks, difference, low,
        high``; N is 4 d_out.
    """
    rows: list[dict[str, Any]] = []
    for done, width in enumerate(widths):
        setting = replace(_BASE, d_out=(width, width), networks=_NETWORKS.get(width, 10), seed=seed)
        rows += _differences(run_layers(setting, parallel_map).whole(), width)
        progress(done + 1, len(widths))
    return rows


def _differences(sample: LayerSample, width: int) -> list[dict[str, Any]]:
    rows = []
    for centring in sample.setting.centrings:
        for tolerance in sample.setting.tolerances:
            values = sample.column("conv1x1", "rank", centring, tolerance)
            for place, ratio in enumerate(sample.setting.ratios):
                difference = mean_estimate(values[:, place, 1] - values[:, place, 0])
                rows.append(
                    {
                        "block": "conv1x1",
                        "activation": _ACTIVATION,
                        "reference": _REFERENCE,
                        "d_out": width,
                        "dimension_ratio": ratio,
                        "centring": centring,
                        "tolerance": float(tolerance.removeprefix("rel:")),
                        "networks": sample.networks,
                        "difference": difference.value,
                        "low": difference.low,
                        "high": difference.high,
                    }
                )
    return rows
