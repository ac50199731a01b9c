"""Multiply-adds and more as thop (pytorch-OpCounter) counts them.

thop hangs a hook on every module whose class is *exactly* one it knows: a subclass counts nothing. Of what occurs in
image classifiers it knows Conv2d (its multiply-adds), Linear (its multiply-adds, without the bias), batch norm,
AvgPool2d and AdaptiveAvgPool2d (one per element read and one per element given); ReLU, ReLU6, max pooling and dropout
are known and count zero. Whatever runs as a function or as an operator between modules is not seen: SiLU before it had
a module of its own, shortcut additions, the products of squeeze-excite, means.

Two releases differ: 0.0.31 counts a convolution's bias and two per element of batch norm; 0.1.1 leaves the bias out and
counts *four* per element of an affine batch norm.

Source: Lyken17/pytorch-OpCounter, ``thop/vision/basic_hooks.py``, releases 0.0.31.post2005241907 and
0.1.1.post2209072238.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from torch import nn

from analysis.complexity.conventions.module_log import watch_modules
from analysis.complexity.conventions.record import Count, Part, tell
from analysis.complexity.meta_run import Resolution, check_shape, name_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from analysis.complexity.conventions.module_log import Call


class _Release(NamedTuple):
    """What one release counts."""

    bias: bool
    per_normed_element: int


RELEASES = {"0.0.31": _Release(bias=True, per_normed_element=2), "0.1.1": _Release(bias=False, per_normed_element=4)}

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_ZERO = (nn.ReLU, nn.ReLU6, nn.MaxPool2d, nn.Dropout, nn.Sequential, nn.ZeroPad2d)


def count_as_thop(
    model: nn.Module | str,
    resolution: Resolution = 224,
    *,
    release: str = "0.1.1",
    unseen: Callable[[str, nn.Module], bool] = lambda _name, _module: False,
) -> Count:
    """What ``thop.profile(model, ...)`` gives.

    Args:
        model: A registered name or a module.
        resolution: Side, or height and width, of the input [pixels].
        release: A key of `RELEASES`.
        unseen: Whether thop would pass over a module because, in the code that was counted, its class is a subclass.

    Raises:
        InputError: Unknown name, or a side out of range.
    """
    height, width = shape = check_shape(resolution)
    log = watch_modules(model, shape)
    seen = [call for call in log.calls if not unseen(call.name, call.module)]
    parts = tuple(part for call in seen if (part := _part(call, RELEASES[release])))
    known = {call.name for call in seen if type(call.module) in {*_CONVOLUTIONS, *_NORMS, *_ZERO, *_OTHERS}}
    return Count(
        convention="thop" if release == "0.1.1" else f"thop_{release}",
        model=name_of(model),
        height=height,
        width=width,
        parts=parts,
        uncounted=tell(log.operations(outside=known)),
    )


_OTHERS = (nn.Linear, nn.AvgPool2d, nn.AdaptiveAvgPool2d)


def _part(call: Call, release: _Release) -> Part | None:
    """What one run of a module counts; None for what thop does not know or counts as nothing."""
    kind, outputs = type(call.module), prod(call.outputs)
    if kind in _CONVOLUTIONS:
        weight: nn.Parameter = call.module.weight  # type: ignore[assignment]
        biased = release.bias and call.module.bias is not None
        group, amount = "convolution", outputs * (weight[0].numel() + int(biased))
    elif kind in _NORMS:
        group, amount = "batch norm", release.per_normed_element * prod(call.inputs)
        if not call.module.affine:
            amount = 2 * prod(call.inputs)
    elif kind is nn.Linear:
        group, amount = "linear", outputs * call.inputs[-1]
    elif kind is nn.AvgPool2d:
        group, amount = "pooling", outputs
    elif kind is nn.AdaptiveAvgPool2d:
        group, amount = "pooling", prod(call.inputs) + outputs
    else:
        return None
    return Part(layer=call.name, operator=kind.__name__, group=group, amount=amount)
