"""One chunk of random networks: what a worker process computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from analysis.rank.layers.columns import columns_of, measure_columns
from analysis.rank.layers.networks import Block, draw_network
from analysis.rank.spectra.batched import singular_values
from analysis.rank.spectra.spectrum import PRODUCER_EPS
from analysis.rank.spectra.tolerance import parse_tolerance

if TYPE_CHECKING:
    from analysis.rank.layers.setting import LayerSetting
    from analysis.rank.spectra.spectrum import Array, Centring


@torch.inference_mode()
def compute_chunk(setting: LayerSetting, block: str, first: int, count: int) -> Array:
    """The numbers of some random networks.

    Args:
        setting: Setting of the study.
        block: Which building block.
        first: Number of the first network.
        count: How many.

    Returns:
        Shape (count, ratios, activations, columns), as a share of d_out.
    """
    shape = (count, len(setting.ratios), len(setting.activations), len(columns_of(setting)))
    found = np.empty(shape)
    for place in range(count):
        built = Block(block, setting, draw_network(setting, first + place))
        for position, ratio in enumerate(setting.ratios):
            found[place, position] = _measure(setting, built.features(ratio))
    return found


def _measure(setting: LayerSetting, features: torch.Tensor) -> Array:
    """All columns of features of shape (A, N, C)."""
    eps = PRODUCER_EPS[setting.precision]
    centrings: tuple[Centring, ...] = setting.centrings  # type: ignore[assignment]
    tolerances = [parse_tolerance(name) for name in setting.tolerances]
    spectra = singular_values(features, centrings, tolerances, eps)
    dead = (features.amin(dim=1) == features.amax(dim=1)).sum(dim=1)
    arrays = {centring: values.numpy() for centring, values in spectra.items()}
    return measure_columns(setting, arrays, dead.double().numpy(), rows=features.shape[1], eps=eps)
