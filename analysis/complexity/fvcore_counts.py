"""Costs as fvcore counts them: the third witness, and the only file that imports fvcore.

fvcore traces the model with `torch.jit` on real tensors. Its convolution and linear counts are multiply-adds, as
ours; its total adds two per element of batch norm, and pooling, and passes over activations and additions in silence.

Source: facebookresearch/fvcore, ``fvcore/nn/flop_count.py`` and ``jit_handles.py``, release 0.1.5.
"""

from __future__ import annotations

from typing import Any

import torch
from fvcore.nn import ActivationCountAnalysis, FlopCountAnalysis

from analysis.complexity.resolution import check_resolution

#: fvcore's names for the operators that are multiply-adds in our sense.
_MULTIPLY_ADDS = ("conv", "linear")


def fvcore_macs(module: torch.nn.Module, resolution: int = 224, *, in_channels: int = 3) -> dict[str, int]:
    """Multiply-adds by module name: fvcore's convolution and linear counts of modules without children."""
    counts = _quiet(FlopCountAnalysis(module, _image(module, resolution, in_channels)))
    leaves = {name for name, child in module.named_modules() if not any(child.children())}
    found = {
        name: sum(round(operators.get(operator, 0)) for operator in _MULTIPLY_ADDS)
        for name, operators in counts.by_module_and_operator().items()
        if name in leaves
    }
    return {name: macs for name, macs in found.items() if macs}


def fvcore_activations(module: torch.nn.Module, resolution: int = 224, *, in_channels: int = 3) -> int:
    """Output elements of convolutions and linear layers."""
    return int(_quiet(ActivationCountAnalysis(module, _image(module, resolution, in_channels))).total())


def fvcore_total(module: torch.nn.Module, resolution: int = 224, *, in_channels: int = 3) -> int:
    """`FlopCountAnalysis(...).total()`, with its batch norm and pooling: what fvcore's users print as FLOPs."""
    return int(_quiet(FlopCountAnalysis(module, _image(module, resolution, in_channels))).total())


def _image(module: torch.nn.Module, resolution: int, in_channels: int) -> torch.Tensor:
    side = check_resolution(resolution)
    return torch.zeros(1, in_channels, side, side, device=next(module.parameters()).device)


def _quiet(analysis: Any) -> Any:
    """`analysis` without the lines fvcore logs about operators and modules it passes over."""
    return analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).tracer_warnings("none")
