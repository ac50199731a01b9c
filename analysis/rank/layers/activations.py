"""The activations of the study, with PyTorch's default parameters where the paper names none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable

#: Name to function; LeakyReLU has slope 0.01, ELU alpha 1, SoftPlus beta 1.
FUNCTIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "Linear": lambda z: z,
    "ReLU6": functional.relu6,
    "ReLU": functional.relu,
    "LeakyReLU": functional.leaky_relu,
    "ELU": functional.elu,
    "SoftPlus": functional.softplus,
    "Hardswish": functional.hardswish,
    "SiLU": functional.silu,
    "GELU": functional.gelu,
    "Mish": functional.mish,
    "SELU": functional.selu,
    "Tanh": torch.tanh,
    "Sigmoid": torch.sigmoid,
}
