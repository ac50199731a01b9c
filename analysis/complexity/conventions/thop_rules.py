"""What thop counts for one run of a module, by its exact class: its table of hooks, release by release.

A class that is in neither table is one that thop does not know, and passes over.

Source: Lyken17/pytorch-OpCounter, ``thop/profile.py`` (``register_hooks``), ``thop/vision/basic_hooks.py`` and
``calc_func.py``, releases 0.0.31.post2005241907 and 0.1.1.post2209072238.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from torch import nn

from analysis.complexity.conventions.module_log import Rule, count_given, count_read
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analysis.complexity.conventions.module_log import Call


#: Upsampling by its mode, per element given; a mode that is not here counts nothing.
_UPSAMPLING = {"linear": 5, "bilinear": 11, "bicubic": 224 + 35}


def _convolution(call: Call) -> int:
    """Elements given times channels read times kernel, transposed or not; the bias is left out."""
    module: Any = call.module
    return int(prod(call.outputs) * (call.inputs[1] // module.groups) * prod(module.weight.shape[2:]))


def _biased_convolution(call: Call) -> int:
    """Output elements times input channels times kernel, and one per output element for a bias."""
    module: Any = call.module
    taps = module.in_channels // module.groups * prod(module.weight.shape[2:])
    return int(prod(call.outputs) * (taps + int(module.bias is not None)))


def _norm(call: Call) -> int:
    """Four per element where there is scale and shift, two where not."""
    scaled = getattr(call.module, "affine", False) or getattr(call.module, "elementwise_affine", False)
    return (4 if scaled else 2) * prod(call.inputs)


def _plain_norm(call: Call) -> int:
    return 2 * prod(call.inputs)


def _linear(call: Call) -> int:
    module: Any = call.module
    return int(module.in_features) * prod(call.outputs)


def _nothing(_call: Call) -> int:
    return 0


def _softmax(call: Call) -> int:
    """An exponential and a division per element, and the additions between those of one sum."""
    module: Any = call.module
    if module.dim is None:
        raise InputError("thop breaks off at a Softmax without dim, got one; say along which dim it is")
    features = call.inputs[int(module.dim)]
    return prod(call.inputs) // features * (3 * features - 1)


def _adaptive_mean(call: Call) -> int:
    """One per element given, and the window; sides are divided in floating point, and the end of the sum cut off."""
    window = 1.0
    for read, given in zip(call.inputs[2:], call.outputs[2:], strict=True):
        window *= read / given
    return int((window + 1) * prod(call.outputs))


def _whole_adaptive_mean(call: Call) -> int:
    """One per output element, and the window, whose sides are quotients rounded down."""
    window = prod(read // given for read, given in zip(call.inputs[2:], call.outputs[2:], strict=True))
    return (window + 1) * prod(call.outputs)


def _upsampling(call: Call) -> int:
    module: Any = call.module
    return _UPSAMPLING.get(module.mode, int(module.mode == "nearest")) * prod(call.outputs)


def _smooth_upsampling(call: Call) -> int:
    module: Any = call.module
    return _UPSAMPLING.get(module.mode, 0) * prod(call.outputs)


_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
_NORMS = (nn.LayerNorm, nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)
_MEANS = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
_ADAPTIVE_MEANS = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)
_UPSAMPLERS = (nn.Upsample, nn.UpsamplingBilinear2d, nn.UpsamplingNearest2d)
_MAXIMA = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
_ADAPTIVE_MAXIMA = (nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d)
_FREE = (*_MAXIMA, *_ADAPTIVE_MAXIMA, nn.ReLU, nn.ReLU6, nn.Dropout, nn.ZeroPad2d)
_RECURRENT = (nn.RNNCell, nn.GRUCell, nn.LSTMCell, nn.RNN, nn.GRU, nn.LSTM)

_BOTH: dict[type[nn.Module], Rule] = {
    nn.Linear: Rule("linear", _linear),
    **dict.fromkeys(_MEANS, Rule("pooling", count_given)),
    **dict.fromkeys(_FREE, Rule("elementwise", _nothing)),
}

#: Release to class to rule.
RULES: Mapping[str, Mapping[type[nn.Module], Rule]] = {
    "0.0.31": {
        **_BOTH,
        **dict.fromkeys(_CONVOLUTIONS, Rule("convolution", _biased_convolution)),
        **dict.fromkeys(_BATCH_NORMS, Rule("batch norm", _plain_norm)),
        **dict.fromkeys(_ADAPTIVE_MEANS, Rule("pooling", _whole_adaptive_mean)),
        **dict.fromkeys(_UPSAMPLERS, Rule("elementwise", _smooth_upsampling)),
        nn.LeakyReLU: Rule("activation", count_read),
    },
    "0.1.1": {
        **_BOTH,
        **dict.fromkeys(_CONVOLUTIONS, Rule("convolution", _convolution)),
        **dict.fromkeys(_BATCH_NORMS, Rule("batch norm", _norm)),
        **dict.fromkeys(_NORMS, Rule("elementwise", _norm)),
        **dict.fromkeys(_ADAPTIVE_MEANS, Rule("pooling", _adaptive_mean)),
        **dict.fromkeys(_UPSAMPLERS, Rule("elementwise", _upsampling)),
        **dict.fromkeys((nn.LeakyReLU, nn.Sequential, nn.PixelShuffle), Rule("elementwise", _nothing)),
        nn.PReLU: Rule("activation", count_read),
        nn.Softmax: Rule("activation", _softmax),
    },
}

#: What thop counts and this does not, by the full name of the class.
NOT_MODELLED = {f"{kind.__module__}.{kind.__qualname__}": kind.__name__ for kind in _RECURRENT}
