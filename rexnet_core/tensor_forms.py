"""How the tensors of public layouts differ from ours in form, both ways: the order of colours, and classifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from rexnet_core.checkpoint_layouts import BGR_STEMS, CONVOLUTIONAL_HEADS, PADDLE

if TYPE_CHECKING:
    from torch import Tensor

    from rexnet_core.network_config import NetConfig

_STEM = "stem.conv.weight"
_LINEAR = frozenset({"classifier.weight", "hidden.linear.weight"})
_COLOURS = 3
_MATRIX, _CONVOLUTION = 2, 4


def to_public(config: NetConfig, layout: str, name: str, tensor: Tensor) -> Tensor:
    """A tensor of ours in the form that it has in `layout`.

    Args:
        config: Of the network.
        layout: A layout of the network's family.
        name: Our name of the tensor.
        tensor: With our values.
    """
    if name in _LINEAR and (config.family, layout) in CONVOLUTIONAL_HEADS:
        return tensor[..., None, None]
    return _swap_colours(config, layout, name, tensor)


def to_own(config: NetConfig, layout: str, name: str, tensor: Tensor) -> Tensor:
    """A tensor of a file in `layout` with its axes and colours in our order; one that has others stays as it is.

    A linear layer of Paddle is (in, out). A 1x1 convolution for a linear layer keeps its last two axes.
    """
    if tensor.layout != torch.strided:
        return tensor
    if name in _LINEAR and layout == PADDLE and tensor.dim() == _MATRIX:
        return tensor.t()
    return _swap_colours(config, layout, name, tensor)


def _swap_colours(config: NetConfig, layout: str, name: str, tensor: Tensor) -> Tensor:
    swapped = name == _STEM and (config.family, layout) in BGR_STEMS
    fits = tensor.dim() == _CONVOLUTION and tensor.shape[1] == _COLOURS
    return tensor.flip(1) if swapped and fits else tensor
