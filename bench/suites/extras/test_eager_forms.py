"""Our eager forward pass against the two public ways to write the same network.

One process, the same weights, threads, memory format and inference mode. The forms take turns in random order, so that
drift of the machine hits all. A copy of our own network takes part and shows what noise alone would give.
"""

from __future__ import annotations

import copy
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import Tensor, nn

from bench.suites.support.interleaved_timing import ratio_of_medians, record_ratio, time_in_turns
from rexnet_core import create_model
from rexnet_core.blocks import LinearBottleneck, SqueezeExcite
from rexnet_core.calibration import calibrate

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = "rexnet_1.0"
RESOLUTION = 224
BUDGET_S = 12.0
WARM_UP_TURNS = 5
LEAST_TURNS = 10


class SigmoidTimesInput(torch.autograd.Function):
    """SiLU that keeps its input alone for the backward pass, as the official file has it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Gives x * sigmoid(x)."""
        ctx.save_for_backward(x)
        return x.mul(torch.sigmoid(x))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        """Its gradient from the input alone."""
        (x,) = ctx.saved_tensors
        gate = torch.sigmoid(x)
        return grads[0].mul(gate * (1 + x * (1 - gate)))


class OfficialSiLU(nn.Module):
    """`SigmoidTimesInput` as a layer."""

    def forward(self, x: Tensor) -> Tensor:
        """A new tensor of the shape of `x`."""
        return SigmoidTimesInput.apply(x)  # type: ignore[no-any-return, no-untyped-call]


class PooledSqueezeExcite(nn.Module):
    """Squeeze-excite over an adaptive pooling layer, as the official file has it."""

    def __init__(self, ours: SqueezeExcite) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.gate = nn.Sequential(ours.reduce, ours.norm, ours.act, ours.expand, nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        """The input, each channel scaled by its gate."""
        return x * self.gate(self.pool(x))  # type: ignore[no-any-return]


class SliceBlock(nn.Module):
    """The input is added in place to a slice of the block's output: the official form."""

    def __init__(self, ours: LinearBottleneck) -> None:
        super().__init__()
        self.body, self.width = ours.body, ours.w_shortcut

    def forward(self, x: Tensor) -> Tensor:
        """The block's output."""
        out: Tensor = self.body(x)
        if self.width:
            out[:, : self.width] += x
        return out


class ConcatenationBlock(SliceBlock):
    """Sum and rest are put together anew: timm's form."""

    def forward(self, x: Tensor) -> Tensor:
        """The block's output."""
        out: Tensor = self.body(x)
        if self.width:
            out = torch.cat([out[:, : self.width] + x, out[:, self.width :]], dim=1)
        return out


def official_form(ours: nn.Module) -> nn.Module:
    def swap(module: nn.Module) -> nn.Module:
        if isinstance(module, nn.SiLU):
            return OfficialSiLU()
        if isinstance(module, nn.ReLU6):
            return nn.ReLU6()
        if isinstance(module, SqueezeExcite):
            return PooledSqueezeExcite(module)
        return SliceBlock(module) if isinstance(module, LinearBottleneck) else module

    return _rewritten(ours, swap)


def timm_form(ours: nn.Module) -> nn.Module:
    def swap(module: nn.Module) -> nn.Module:
        if isinstance(module, nn.ReLU6):
            return nn.ReLU6()
        return ConcatenationBlock(module) if isinstance(module, LinearBottleneck) else module

    return _rewritten(ours, swap)


FORMS: dict[str, Callable[[nn.Module], nn.Module]] = {
    "official": official_form,
    "timm": timm_form,
    "itself": copy.deepcopy,
}


@pytest.mark.extra
@pytest.mark.parametrize("memory_format", ["contiguous", "channels_last"])
@pytest.mark.parametrize("batch", [1, 8])
def test_our_eager_against_the_public_forms(batch: int, memory_format: str, benchmark: Any) -> None:
    layout = torch.channels_last if memory_format == "channels_last" else torch.contiguous_format
    torch.manual_seed(0)
    ours = create_model(MODEL)
    calibrate(ours, RESOLUTION, seed=0)  # with fresh norms the activations sink into denormal numbers, which are slow
    ours.eval().to(memory_format=layout)  # type: ignore[call-overload]
    nets: dict[str, nn.Module] = {"ours": ours, **{name: form(ours) for name, form in FORMS.items()}}
    images = torch.randn(batch, 3, RESOLUTION, RESOLUTION).to(memory_format=layout)
    with torch.inference_mode():
        for net in nets.values():
            torch.testing.assert_close(net(images), ours(images), rtol=1e-4, atol=1e-5)
        calls = {name: partial(net, images) for name, net in nets.items()}
        times_s = time_in_turns(calls, budget_s=BUDGET_S, least_turns=LEAST_TURNS, warm_up=WARM_UP_TURNS)
        benchmark.pedantic(ours, (images,), rounds=5)
    benchmark.extra_info.update(batch=batch, memory_format=memory_format, threads=torch.get_num_threads())
    for name in FORMS:
        ratio = ratio_of_medians(times_s["ours"], times_s[name])
        record_ratio(benchmark, f"ours_over_{name}", ratio, f"batch {batch}, {memory_format}: ours / {name}")


def _rewritten(ours: nn.Module, swap: Callable[[nn.Module], nn.Module]) -> nn.Module:
    """A copy of the network, each module of it replaced, innermost first, by what `swap` makes of it."""
    net = copy.deepcopy(ours)
    for parent in reversed(list(net.modules())):
        for name, child in parent.named_children():
            setattr(parent, name, swap(child))
    return net.eval()
