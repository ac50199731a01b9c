"""Costs as fvcore counts them: the third witness, and the only file that imports fvcore.

fvcore traces the model with `torch.jit` on real tensors. Its convolution and linear counts are multiply-adds, as
ours; its total adds two per element of batch norm, and pooling. It skips activations and
additions and logs which; the log is silenced here, because the record of a count lists them.

Source: facebookresearch/fvcore, ``fvcore/nn/flop_count.py`` and ``jit_handles.py``, release 0.1.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fvcore.nn import FlopCountAnalysis

import rexnet_core
from analysis.complexity.conventions.record import Count, Part, describe_uncounted, make_count
from analysis.complexity.inputs import Resolution, read_inputs
from analysis.complexity.meta_run import learn_shapes, make_tensors, plain_outputs
from analysis.complexity.module_copy import copy_with_data, originals_stay_out

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

#: fvcore's names for the operators that are multiply-adds in our sense.
_MULTIPLY_ADDS = ("conv", "linear")

#: What it counts, in the words of `analysis.complexity.conventions.record.GROUPS`.
_GROUPS = {"conv": "convolution", "linear": "linear", "addmm": "linear", "matmul": "linear", "batch_norm": "batch norm"}


def fvcore_macs(module: torch.nn.Module, resolution: int = 224, *, in_channels: int = 3) -> dict[str, int]:
    """Multiply-adds by module name: fvcore's convolution and linear counts of modules without children."""
    counts = _quiet(FlopCountAnalysis(module, make_tensors(module, read_inputs(resolution, in_channels))))
    leaves = {name for name, child in module.named_modules() if not any(child.children())}
    found = {
        name: sum(round(operators.get(operator, 0)) for operator in _MULTIPLY_ADDS)
        for name, operators in counts.by_module_and_operator().items()
        if name in leaves
    }
    return {name: macs for name, macs in found.items() if macs}


def count_as_fvcore(model: torch.nn.Module | str, resolution: Resolution = 224) -> Count:
    """`FlopCountAnalysis(...).total()` with its parts: what fvcore's users print as FLOPs.

    Multiply-adds of convolutions and matrix products as one each, two per element of batch norm (four where its
    statistics are taken from the batch), one per element read by adaptive pooling; activations and additions are
    passed over.

    Args:
        model: A registered name, or a module, a copy of which is run with the weights it has.
        resolution: Side, or height and width, of the image [pixels], or inputs of any kind.

    Raises:
        InputError: Unknown name, or a side out of range.
    """
    inputs = read_inputs(resolution)
    module = (
        rexnet_core.create_model(model, in_channels=inputs.channels).eval()
        if isinstance(model, str)
        else copy_with_data(model)
    )
    analysis = _quiet(FlopCountAnalysis(learn_shapes(module, inputs), make_tensors(module, inputs)))
    with originals_stay_out(module), plain_outputs(module):
        inclusive = analysis.by_module_and_operator()
    passed_over = analysis.unsupported_ops()
    uncounted = {name.removeprefix("aten::").rstrip("_"): times for name, times in passed_over.items()}
    return make_count("fvcore", model, inputs, _own_parts(inclusive), describe_uncounted(uncounted))


def _own_parts(inclusive: Mapping[str, Mapping[str, float]]) -> tuple[Part, ...]:
    """Each module's own operations: fvcore gives a module's with its children's."""
    own = {name: dict(operators) for name, operators in inclusive.items()}
    for name, operators in inclusive.items():
        if name:
            parent = own[name.rpartition(".")[0]]
            for operator, amount in operators.items():
                parent[operator] -= amount
    return tuple(
        Part(
            layer=name,
            operator=operator,
            group=_GROUPS.get(operator, "pooling" if "pool" in operator else "elementwise"),
            amount=round(amount),
        )
        for name, operators in own.items()
        for operator, amount in operators.items()
        if amount
    )


def fvcore_total(module: torch.nn.Module, resolution: Resolution = 224, *, in_channels: int = 3) -> int:
    """`FlopCountAnalysis(...).total()`, with its batch norm and pooling: what fvcore's users print as FLOPs."""
    return int(_quiet(FlopCountAnalysis(module, make_tensors(module, read_inputs(resolution, in_channels)))).total())


def _quiet(analysis: Any) -> Any:
    """`analysis` without the lines fvcore logs about operators and modules it passes over."""
    return analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).tracer_warnings("none")
