"""Modules that nobody registered, each small, for images of 3 x 32 x 32: what counters of operations meet in the wild.

`MODULES` has a function that builds each, by a name that says what is special about it. They are for the comparison of
our counts with those of the tools themselves.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations, weight_norm

from bench.suites.support.unregistered_classes import (
    Attention,
    Calls,
    Dense,
    Mixer,
    Rows,
    SelfAttention,
    Standardised,
    Subclass,
    Tied,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from torch import Tensor

#: Side of the images [pixels].
SIDE = 32


def _shared_layer() -> nn.Module:
    layer = nn.Conv2d(3, 3, 3, padding=1)
    return nn.Sequential(OrderedDict(a=layer, b=nn.BatchNorm2d(3), c=layer))


def _shared_norm() -> nn.Module:
    norm = nn.BatchNorm2d(3)
    return nn.Sequential(nn.Conv2d(3, 3, 1), norm, nn.Sequential(nn.Conv2d(3, 3, 1), norm))


def _shared_list() -> nn.Module:
    norm = nn.BatchNorm2d(3)
    layers = nn.ModuleList([nn.Conv2d(3, 3, 1), norm, norm])
    return Calls(lambda own, x: own["layers"][2](own["layers"][1](own["layers"][0](x))), layers=layers)


def _dictionary() -> nn.Module:
    layers = nn.ModuleDict({"one": nn.Conv2d(3, 4, 3), "two": nn.Conv2d(4, 5, 3)})
    return Calls(lambda own, x: own["layers"]["two"](own["layers"]["one"](x)), layers=layers)


def _separable() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, 2, 1, groups=3, bias=False), nn.BatchNorm2d(6), nn.ReLU6(), nn.Conv2d(6, 8, 1)
    )


def _squeeze_excite() -> nn.Module:
    gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 2, 1), nn.ReLU(), nn.Conv2d(2, 8, 1), nn.Sigmoid())
    return Calls(lambda own, x: (y := own["stem"](x)) * own["gate"](y), stem=nn.Conv2d(3, 8, 3, 2), gate=gate)


def _functional() -> nn.Module:
    return Calls(
        lambda own, x: functional.linear(functional.conv2d(x, own["c"].weight).mean((2, 3)), own["linear"].weight),
        c=nn.Conv2d(3, 8, 3),
        linear=nn.Linear(8, 5),
    )


def _several_outputs() -> nn.Module:
    return Calls(
        lambda own, x: {"logits": own["head"]((y := own["stem"](x)).mean((2, 3))), "maps": (y, [own["side"](y)])},
        stem=nn.Conv2d(3, 8, 3, 2),
        head=nn.Linear(8, 5),
        side=nn.ConvTranspose2d(8, 2, 2, 2),
    )


def _u_shape() -> nn.Module:
    return Calls(
        lambda own, x: own["out"](torch.cat([x, functional.interpolate(own["up"](own["down"](x)), (32, 32))], 1)),
        down=nn.Conv2d(3, 8, 3, 2, 1),
        up=nn.ConvTranspose2d(8, 6, 4, 2, 1, groups=2),
        out=nn.Conv2d(9, 4, 1),
    )


def _embedding() -> nn.Module:
    return Calls(
        lambda own, x: own["out"](own["table"]((x[:, 0, 0] > 0).long())), table=nn.Embedding(2, 8), out=nn.Linear(8, 3)
    )


def _gated() -> nn.Module:
    return Calls(
        lambda own, x: functional.glu(own["c"](x), 1) * torch.sigmoid(own["g"](x)),
        c=nn.Conv2d(3, 8, 1),
        g=nn.Conv2d(3, 4, 1),
    )


def _encoder() -> nn.Module:
    layer = nn.TransformerEncoderLayer(32, 4, 48, batch_first=True)
    return Rows(nn.TransformerEncoder(layer, 2, enable_nested_tensor=False))


def _encoder_then_fused() -> nn.Module:
    """Which path fused attention takes depends on how the encoder layer lays its results out."""

    def run(own: Any, x: Tensor) -> Tensor:
        rows = own["layer"](own["patches"](x).flatten(2).mT)
        heads = rows.unflatten(-1, (4, 8)).transpose(1, 2)
        return functional.scaled_dot_product_attention(heads, heads, heads)

    layer = nn.TransformerEncoderLayer(32, 4, 48, batch_first=True)
    return Calls(run, patches=nn.Conv2d(3, 32, 8, 8), layer=layer)


#: A function that builds each module, by name.
MODULES: Mapping[str, Callable[[], nn.Module]] = {
    **{f"attention by {one}": partial(Attention, one) for one in ("operator", "einsum", "batched", "fused")},
    "MultiheadAttention": lambda: Rows(SelfAttention(32, 4, batch_first=True)),
    "MultiheadAttention of three inputs": lambda: Calls(
        lambda own, x: own["attend"](x[:, 0], x[:, 1], x[:, 2], need_weights=False)[0],
        attend=nn.MultiheadAttention(32, 4, batch_first=True, kdim=32, vdim=32),
    ),
    "TransformerEncoder": _encoder,
    "fused attention after a TransformerEncoderLayer": _encoder_then_fused,
    "TransformerEncoderLayer with norm first": lambda: Rows(
        nn.TransformerEncoderLayer(32, 4, 48, batch_first=True, norm_first=True)
    ),
    "TransformerDecoderLayer": lambda: Calls(
        lambda own, x: own["layer"](x[:, 0], x[:, 1]), layer=nn.TransformerDecoderLayer(32, 4, 48, batch_first=True)
    ),
    "LSTM": lambda: Rows(nn.LSTM(32, 8, batch_first=True)),
    "LSTM of two directions and layers": lambda: Rows(nn.LSTM(32, 8, 2, batch_first=True, bidirectional=True)),
    "LSTM with projection": lambda: Rows(nn.LSTM(32, 8, batch_first=True, proj_size=4)),
    "GRU": lambda: Rows(nn.GRU(32, 8, batch_first=True)),
    "RNN": lambda: Rows(nn.RNN(32, 8, batch_first=True)),
    "LSTMCell": lambda: Calls(lambda own, x: own["cell"](x[0, 0]), cell=nn.LSTMCell(32, 8)),
    "mixer": Mixer,
    "dense block in a list": Dense,
    "list alone": lambda: Calls(lambda own, x: own["layers"][0](x), layers=nn.ModuleList([nn.Conv2d(3, 8, 3)])),
    "dictionary of layers": _dictionary,
    "convolution alone": lambda: nn.Conv2d(3, 4, 3),
    "transposed": lambda: nn.Sequential(nn.ConvTranspose2d(3, 6, 4, 2, 1, output_padding=1, groups=3, bias=False)),
    "grouped": lambda: nn.Sequential(nn.Conv2d(3, 6, 3, groups=3), nn.Conv2d(6, 8, 3, groups=2)),
    "dilated": lambda: nn.Sequential(nn.Conv2d(3, 6, 3, 2, dilation=3), nn.Conv2d(6, 4, (1, 5), padding="same")),
    "in one dimension": lambda: Calls(lambda own, x: own["c"](x.flatten(2)), c=nn.Conv1d(3, 4, 5, 2)),
    "in three dimensions": lambda: Calls(lambda own, x: own["c"](x.unflatten(3, (8, 4))), c=nn.Conv3d(3, 4, 3)),
    "transposed in one dimension": lambda: Calls(
        lambda own, x: own["c"](x.flatten(2)), c=nn.ConvTranspose1d(3, 4, 5, 2)
    ),
    "separable": _separable,
    "squeeze and excite": _squeeze_excite,
    "shared layer": _shared_layer,
    "shared norm": _shared_norm,
    "shared entries of a list": _shared_list,
    "tied tensors": Tied,
    "functional": _functional,
    "weight norm": lambda: nn.Sequential(parametrizations.weight_norm(nn.Conv2d(3, 4, 3)), nn.ReLU()),
    "weight norm by hooks": lambda: nn.Sequential(weight_norm(nn.Conv2d(3, 4, 3)), nn.ReLU()),
    "spectral norm of a linear layer": lambda: nn.Sequential(
        nn.Flatten(2), parametrizations.spectral_norm(nn.Linear(1024, 4))
    ),
    "standardised weight": lambda: Standardised(3, 8, 3),
    "subclass": lambda: nn.Sequential(Subclass(3, 4, 3), nn.BatchNorm2d(4)),
    "several outputs": _several_outputs,
    "u shape": _u_shape,
    "other norms": lambda: nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8), nn.InstanceNorm2d(8), nn.LayerNorm([8, 30, 30])
    ),
    "batch norm without kept statistics": lambda: nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8, track_running_stats=False)
    ),
    "activations": lambda: nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.PReLU(), nn.GELU(), nn.Hardswish(), nn.ELU(), nn.Softmax(1)
    ),
    "pooling": lambda: nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.MaxPool2d(2), nn.AvgPool2d(3), nn.AdaptiveAvgPool2d((2, 3))
    ),
    "upsampling": lambda: nn.Sequential(
        nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(3, 4, 3), nn.PixelShuffle(2)
    ),
    "embedding": _embedding,
    "gates": _gated,
    "bilinear": lambda: Calls(lambda own, x: own["both"](x[:, 0], x[:, 1]), both=nn.Bilinear(32, 32, 3)),
    "low rank": lambda: Calls(
        lambda own, x: functional.linear(x, own["a"].weight @ own["b"].weight), a=nn.Linear(4, 8), b=nn.Linear(32, 4)
    ),
    "weights from the image": lambda: Calls(
        lambda own, x: functional.linear(x, own["make"](x[0, 0])), make=nn.Linear(32, 32, bias=False)
    ),
    "parameter times image": lambda: Calls(
        lambda own, x: own["linear"].weight @ x + torch.einsum("bchw,wd->bcdh", x, own["linear"].weight.mT),
        linear=nn.Linear(32, 8),
    ),
}

#: Words in the names of modules for which a tool has rules of its own that are not modelled.
_REFUSED = {
    "thop": ("LSTM", "GRU", "RNN"),
    "ptflops": ("LSTM", "GRU", "RNN", "Transformer", "MultiheadAttention of three"),
}


def is_refused(tool: str, name: str) -> bool:
    """Whether a module of `MODULES` is one for which a tool's convention is refused by name."""
    return any(word in name for word in _REFUSED.get(tool, ()))
