"""Multiply-adds and more as ptflops counts them, by its default engine ``pytorch``.

ptflops hangs a hook on every module whose class is exactly one it knows, and besides replaces functions of
`torch.nn.functional` by counting ones. Convolutions and linear layers count their multiply-adds and one per output for
a bias, batch norm two per element, ReLU and ReLU6 one, pooling one per element read. A module that is implemented by a
replaced function is therefore counted *twice*: ReLU and adaptive average pooling are; ReLU6 is not, as it calls
another function; SiLU, which has no hook, is counted once, through its function. Operators between modules
(additions, products, means) are not seen.

Source: sovrasov/flops-counter.pytorch, ``ptflops/pytorch_ops.py`` and ``pytorch_engine.py``, release 0.7.5.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from torch import nn

from analysis.complexity.conventions.module_log import watch_modules
from analysis.complexity.conventions.record import Count, Part, tell
from analysis.complexity.meta_run import Resolution, check_shape, name_of

if TYPE_CHECKING:
    from analysis.complexity.conventions.module_log import Call

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
#: How often an activation's elements count: by its hook, by its function, or by both.
_ACTIVATIONS: dict[type[nn.Module], int] = {nn.ReLU: 2, nn.ELU: 2, nn.GELU: 2, nn.PReLU: 2, nn.ReLU6: 1, nn.SiLU: 1}
_POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)


def count_as_ptflops(model: nn.Module | str, resolution: Resolution = 224) -> Count:
    """What ``ptflops.get_model_complexity_info(model, (3, H, W))`` gives.

    Raises:
        InputError: Unknown name, or a side out of range.
    """
    height, width = shape = check_shape(resolution)
    log = watch_modules(model, shape)
    parts = tuple(part for call in log.calls if (part := _part(call)))
    return Count(
        convention="ptflops",
        model=name_of(model),
        height=height,
        width=width,
        parts=parts,
        uncounted=tell(log.operations(outside={part.layer for part in parts})),
    )


def _part(call: Call) -> Part | None:
    """What one run of a module counts; None for what ptflops does not know."""
    kind, module = type(call.module), call.module
    inputs, outputs = prod(call.inputs), prod(call.outputs)
    if kind in _CONVOLUTIONS:
        weight: nn.Parameter = module.weight  # type: ignore[assignment]
        group, amount = "convolution", outputs * (weight[0].numel() + int(module.bias is not None))
    elif kind is nn.Linear:
        group, amount = "linear", outputs * (call.inputs[-1] + int(module.bias is not None))
    elif kind in _NORMS:
        group, amount = "batch norm", (2 if module.affine else 1) * inputs
    elif kind in _ACTIVATIONS:
        group, amount = "activation", _ACTIVATIONS[kind] * outputs
    elif kind in _POOLS:
        # MaxPool2d and AvgPool2d call functions that are replaced, too.
        group, amount = "pooling", 2 * inputs
    else:
        return None
    return Part(layer=call.name, operator=kind.__name__, group=group, amount=amount)
