"""Which rows of the feature matrix a layer output gives: a few random positions of each image, the same everywhere.

Positions of one image are alike, so many images with few positions each say more than few images in full. The order
of an image's positions is drawn from (seed, index of the image, height, width) and nothing else: every layer and every
model with a map of that size takes the first k of the same order, and batches make no difference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

Layout = Literal["rows", "tokens", "first", "last"]
Positions = int | Literal["auto"]

#: Rows per channel that `auto` aims at; with fewer than 4 a rank is partly a matter of sampling.
ROWS_PER_CHANNEL = 4.05
#: Beyond this many, positions of one image repeat each other.
MOST_POSITIONS = 196


def positions_per_image(wanted: Positions, *, channels: int, images: int, available: int) -> int:
    """How many positions of each image a layer gives.

    Args:
        wanted: A number, or ``auto``: enough for 4 rows per channel, as far as 196 positions go.
        channels: C of the layer.
        images: In the whole probe.
        available: Height times width of the layer's map.
    """
    enough = min(MOST_POSITIONS, math.ceil(ROWS_PER_CHANNEL * channels / max(1, images)))
    return max(1, min(enough if wanted == "auto" else wanted, available))


@dataclass(slots=True)
class PositionSampler:
    """Draws positions, and keeps those of the batch at hand.

    Args:
        seed: Seed of all orders.
        first: Index of the first image of the batch at hand.
        count: Images of the batch at hand.
    """

    seed: int
    first: int = 0
    count: int = 0
    _orders: dict[tuple[int, int], Tensor] = field(default_factory=dict)

    def start(self, first: int, count: int) -> None:
        """Go on to the batch of `count` images whose first has that index."""
        self.first, self.count = first, count
        self._orders.clear()

    def draw(self, height: int, width: int, positions: int) -> Tensor:
        """Indices into the flattened map, shape (count, positions)."""
        order = self._orders.get((height, width))
        if order is None or order.shape[1] < positions:
            keep = min(height * width, max(MOST_POSITIONS, positions))
            orders = [self._order(self.first + place, height, width)[:keep] for place in range(self.count)]
            order = torch.from_numpy(np.stack(orders))
            self._orders[height, width] = order
        return order[:, :positions]

    def _order(self, image: int, height: int, width: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.random.default_rng((self.seed, image, height, width)).permutation(height * width)


def layout_of(features: Tensor, *, channels_last: bool, sequence_first: bool) -> Layout:
    """Where the channels of a layer output are, from its number of axes and what is known of the layer.

    Args:
        features: Shape (B, C), (B, T, C), or four axes.
        channels_last: Whether the layer works on the last axis.
        sequence_first: Whether three axes are (B, C, L), as one-dimensional convolutions have them.

    Raises:
        InputError: It has other than 2, 3 or 4 axes, or no channel.
    """
    axes = features.dim()
    if axes not in (2, 3, 4):
        raise InputError(f"features have 2, 3 or 4 axes; got shape {tuple(features.shape)}")
    if axes == 2:  # noqa: PLR2004 - (B, C)
        return "rows"
    if axes == 3:  # noqa: PLR2004 - (B, T, C)
        return "first" if sequence_first and not channels_last else "tokens"
    return "last" if channels_last else "first"


def places_of(features: Tensor, layout: Layout) -> tuple[int, int, int]:
    """Channels, height and width of a layer output; tokens and sequences have height 1, rows a single place."""
    shape = features.shape
    if layout == "rows":
        return int(shape[1]), 1, 1
    channels, places = (shape[1], shape[2:]) if layout == "first" else (shape[-1], shape[1:-1])
    height, width = (1, places[0]) if len(places) == 1 else places
    return int(channels), int(height), int(width)


def gather_rows(features: Tensor, layout: Layout, chosen: Tensor) -> Tensor:
    """A copy of the rows at the chosen positions, shape (B * k, C), image by image.

    Only what is chosen is copied, whatever the memory format.

    Args:
        features: Features of a batch of B images.
        layout: Where its channels are.
        chosen: Indices into the flattened map, shape (B, k).
    """
    if layout == "rows":
        return features.clone()
    maps = features.movedim(1, -1) if layout == "first" else features
    if maps.dim() == 3:  # noqa: PLR2004 - tokens
        maps = maps.unsqueeze(1)
    chosen = chosen.to(maps.device)
    image = torch.arange(len(maps), device=maps.device)[:, None].expand_as(chosen)
    width = maps.shape[2]
    return maps[image, chosen // width, chosen % width].flatten(0, 1)


def pool_rows(features: Tensor, layout: Layout) -> Tensor:
    """The mean over all positions, shape (B, C)."""
    if layout == "rows":
        return features.clone()
    axes = range(2, features.dim()) if layout == "first" else range(1, features.dim() - 1)
    return features.mean(dim=tuple(axes))
