"""The shape algebra of `analytic`: follows one feature map through a network and books what each layer costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import NamedTuple

from analysis.complexity.cost import FP32_BYTES, LayerCost, conv_kind


class Place(NamedTuple):
    """The shape of the feature map for one image; `side` 0 is a vector, its map already averaged."""

    channels: int
    side: int


@dataclass(slots=True)
class ShapeWalk:
    """A feature map on its way through the network, and the layers it has passed.

    Args:
        place: Where it is.
        layers: What it passed, in that order.
    """

    place: Place
    layers: list[LayerCost] = field(default_factory=list)

    def conv_norm(self, name: str, w_out: int, *, kernel: int = 1, stride: int = 1, groups: int = 1) -> None:
        """A convolution without bias, then batch norm."""
        self.conv(f"{name}.conv", w_out, kernel=kernel, stride=stride, groups=groups, normed=True)
        self.norm(f"{name}.norm")

    def conv(
        self,
        name: str,
        w_out: int,
        *,
        kernel: int = 1,
        stride: int = 1,
        groups: int = 1,
        bias: bool = False,
        normed: bool = False,
    ) -> None:
        """A square convolution padded in either of our ways, so that the side is divided by `stride` and rounded up."""
        w_in, side_in = self.place
        side_out = (side_in + 2 * (kernel // 2) - kernel) // stride + 1
        self._book(
            name,
            conv_kind(w_in, w_out, kernel**2, groups),
            weights=w_out * (w_in // groups) * kernel**2,
            biases=(w_out if bias else 0, w_out if bias or normed else 0),
            inputs=w_in * side_in**2,
            out_shape=(1, w_out, side_out, side_out),
        )
        self.place = Place(w_out, side_out)

    def linear(self, name: str, w_out: int) -> None:
        """A linear layer with bias on the averaged map; a norm after it, if any, folds into that bias."""
        w_in = self.place.channels
        self._book(name, "linear", weights=w_in * w_out, biases=(w_out, w_out), inputs=w_in, out_shape=(1, w_out))
        self.place = Place(w_out, 0)

    def norm(self, name: str) -> None:
        """A batch norm right after a convolution or linear layer: two numbers per channel, none once folded."""
        channels, side = self.place
        self.layers.append(
            LayerCost(
                layer=name,
                kind="batch_norm",
                params=2 * channels,
                out_shape=(1, channels, side, side) if side else (1, channels),
            )
        )

    def pool(self) -> None:
        """The mean over the map: one pixel is left."""
        self.place = Place(self.place.channels, 1)

    def _book(
        self, name: str, kind: str, *, weights: int, biases: tuple[int, int], inputs: int, out_shape: tuple[int, ...]
    ) -> None:
        """Books a layer that multiplies; `biases` are how many there are, and how many once norms are folded."""
        plain, folded = (weights + bias for bias in biases)
        outputs = prod(out_shape)
        self.layers.append(
            LayerCost(
                layer=name,
                kind=kind,
                params=plain,
                params_folded=folded,
                macs=weights * prod(out_shape[2:]),
                activations=outputs,
                out_shape=out_shape,
                weight_bytes=FP32_BYTES * folded,
                input_bytes=FP32_BYTES * inputs,
                output_bytes=FP32_BYTES * outputs,
            )
        )
