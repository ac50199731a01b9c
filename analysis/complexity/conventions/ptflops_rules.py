"""What ptflops counts for one run of a module, by its exact class: its table of hooks.

Functions that it replaces are in `ptflops_functions`; a module that is implemented by one counts there once more.

Source: sovrasov/flops-counter.pytorch, ``ptflops/pytorch_ops.py`` (``MODULES_MAPPING``), release 0.7.5.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from torch import nn

from analysis.complexity.conventions.module_log import Rule, count_given, count_read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analysis.complexity.conventions.module_log import Call


def _convolution(call: Call) -> int:
    """Weights for each place given, and one per element given for a bias."""
    return _applied(call, call.outputs)


def _transposed(call: Call) -> int:
    """Weights for each place *read*, and one per element given for a bias."""
    return _applied(call, call.inputs)


def _applied(call: Call, places: tuple[int, ...]) -> int:
    module: Any = call.module
    weights = prod(module.kernel_size) * module.in_channels * (module.out_channels // module.groups)
    biases = prod(call.outputs[1:]) if module.bias is not None else 0
    return int(call.inputs[0] * (weights * prod(places[2:]) + biases))


def _linear(call: Call) -> int:
    return prod(call.inputs[:-1]) * call.outputs[-1] * (call.inputs[-1] + int(call.module.bias is not None))


def _norm(call: Call) -> int:
    """Two per element where scale and shift are said by ``affine``, one where not: LayerNorm says them otherwise."""
    return (2 if getattr(call.module, "affine", False) else 1) * prod(call.inputs)


_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_NORMS = (nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d, nn.GroupNorm, nn.LayerNorm)
_ACTIVATIONS = (nn.ReLU, nn.PReLU, nn.ELU, nn.LeakyReLU, nn.ReLU6, nn.GELU)
_POOLS = (
    *(nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d),
    *(nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d),
    *(nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d),
)
_OTHERS = (nn.RNN, nn.GRU, nn.LSTM, nn.RNNCell, nn.LSTMCell, nn.GRUCell, nn.MultiheadAttention)

RULES: Mapping[type[nn.Module], Rule] = {
    **dict.fromkeys(_CONVOLUTIONS, Rule("convolution", _convolution)),
    **dict.fromkeys(_TRANSPOSED, Rule("convolution", _transposed)),
    nn.Linear: Rule("linear", _linear),
    **dict.fromkeys(_BATCH_NORMS, Rule("batch norm", _norm)),
    **dict.fromkeys(_NORMS, Rule("elementwise", _norm)),
    **dict.fromkeys(_ACTIVATIONS, Rule("activation", count_given)),
    **dict.fromkeys(_POOLS, Rule("pooling", count_read)),
    nn.Upsample: Rule("elementwise", count_given),
}

#: What ptflops counts and this does not, by the full name of the class; the last three where those packages are there.
NOT_MODELLED = {
    **{f"{kind.__module__}.{kind.__qualname__}": kind.__name__ for kind in _OTHERS},
    "torchvision.ops.deform_conv.DeformConv2d": "torchvision's DeformConv2d",
    "timm.models.vision_transformer.Attention": "timm's Attention",
    "timm.layers.attention.Attention": "timm's Attention",
}
