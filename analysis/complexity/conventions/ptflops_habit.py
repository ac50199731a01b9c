"""Multiply-adds and more as ptflops counts them, by its default engine ``pytorch``.

ptflops hangs a hook on every module whose class is exactly one it knows, and besides replaces functions of
`torch.nn.functional` by counting ones. Convolutions and linear layers count their multiply-adds and one per output for
a bias, batch norm two per element, ReLU and ReLU6 one, pooling one per element read. A module that is implemented by a
replaced function is therefore counted *twice*: ReLU and adaptive average pooling are; ReLU6 is not, as it calls
another function; SiLU, which has no hook, is counted once, through its function. A replaced function that the model
calls itself counts once, too, and so do ``torch.add`` and ``torch.mul``; the operators ``+`` and ``*`` and means are
not seen. (As methods, ``x.add(y)`` and ``x.mul(y)`` are seen by ptflops and not here: torch does not tell them from
the operators.)

Source: sovrasov/flops-counter.pytorch, ``ptflops/pytorch_ops.py`` and ``pytorch_engine.py``, release 0.7.5.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from analysis.complexity.conventions.module_log import ModuleLog
from analysis.complexity.conventions.record import Count, Part, tell
from analysis.complexity.meta_run import (
    Resolution,
    build_on_meta,
    check_shape,
    find_stand_ins,
    name_of,
    run_on_meta,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from analysis.complexity.conventions.module_log import Call

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
#: How often an activation's elements count: by its hook, by its function, or by both.
_ACTIVATIONS: dict[type[nn.Module], int] = {nn.ReLU: 2, nn.ELU: 2, nn.GELU: 2, nn.PReLU: 2, nn.ReLU6: 1, nn.SiLU: 1}
_POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
_ACTIVATE = ("relu", "relu6", "prelu", "elu", "gelu", "silu", "softmax")
_POOL = ("max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "adaptive_max_pool2d")
#: Functions that are replaced by counting ones: one per element read, or given by the last two.
_FUNCTIONS: dict[Callable[..., Any], str] = {
    **{getattr(functional, name): "activation" for name in _ACTIVATE},
    **{getattr(functional, name): "pooling" for name in _POOL},
    torch.add: "elementwise",
    torch.mul: "elementwise",
}
#: Bears the operations of those functions in the log.
_CALLED = "<replaced function>"


def count_as_ptflops(model: nn.Module | str, resolution: Resolution = 224) -> Count:
    """What ``ptflops.get_model_complexity_info(model, (3, H, W))`` gives.

    Raises:
        InputError: Unknown name, or a side out of range.
    """
    height, width = shape = check_shape(resolution)
    module = build_on_meta(model)
    log = ModuleLog(module)
    functions = _FunctionLog(module, log)
    with functions:
        run_on_meta(module, torch.empty(1, 3, *shape, device="meta"), find_stand_ins(module), log)
    parts = tuple(part for call in log.calls if (part := _part(call)))
    return Count(
        convention="ptflops",
        model=name_of(model),
        height=height,
        width=width,
        parts=(*parts, *functions.parts),
        uncounted=tell(log.operations(outside={_CALLED, *(part.layer for part in parts)})),
    )


class _FunctionLog(TorchFunctionMode):
    """A context that counts replaced functions, but for those by which the modules of `_part` are implemented."""

    def __init__(self, module: nn.Module, log: ModuleLog) -> None:
        super().__init__()
        known = {*_ACTIVATIONS, *_POOLS}
        self._booked = {name for name, child in module.named_modules() if type(child) in known}
        self._log = log
        self.parts: list[Part] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """The result of `func`, once it is booked."""
        named = kwargs or {}
        group, layer = _FUNCTIONS.get(func), self._log.running
        if group is None or layer in self._booked:
            return func(*args, **named)
        with self._log.inside(_CALLED):
            out = func(*args, **named)
        read = args[0] if args else named["input"]
        amount = (out if group == "elementwise" else read).numel()
        self.parts.append(Part(layer=layer, operator=func.__name__, group=group, amount=amount))
        return out


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
        # Each calls a function that is replaced, too.
        group, amount = "pooling", 2 * inputs
    else:
        return None
    return Part(layer=call.name, operator=kind.__name__, group=group, amount=amount)
