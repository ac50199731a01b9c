"""The building blocks: convolution with norm and activation, squeeze-excite, linear and residual bottleneck."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.jit import is_scripting, is_tracing  # type: ignore[attr-defined]

from rexnet_core.block_layers import linear_bottleneck_layers, residual_bottleneck_layers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rexnet_core.network_config import Activation, BlockConfig, BlockKind, Padding

# Each works in place: it always follows a layer, a product or a sum that made a tensor of its own.
ACTIVATIONS: dict[Activation, type[nn.Module]] = {"relu": nn.ReLU, "relu6": nn.ReLU6, "silu": nn.SiLU}


class PadSame(nn.Module):
    """Zeros around a map, as few as a convolution with a stride needs to reach every pixel; the odd one lies behind.

    An even side gets one less in front than an odd one, so the zeros are counted anew for each size.

    Source: TensorFlow 2 ``tf.nn.convolution``, padding SAME.

    Args:
        kernel: Side of the convolution's kernel, at least `stride`.
        stride: Its stride.
    """

    def __init__(self, kernel: int, stride: int) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        """The map (N, C, H, W) with zeros around it."""
        high, wide = self._count(x.shape[2]), self._count(x.shape[3])
        return nn.functional.pad(x, [wide // 2, wide - wide // 2, high // 2, high - high // 2])

    def _count(self, side: int) -> int:
        return self.kernel - self.stride + (self.stride - side % self.stride) % self.stride


class ConvNormAct(nn.Sequential):
    """[Padding] -> convolution without bias -> batch norm -> activation, the last absent where `act` is none.

    The activation writes over what the batch norm gave; whoever hooks the norm copies its output.

    Args:
        w_in: Input width [channels].
        w_out: Output width [channels].
        kernel: Side of the kernel.
        stride: Stride in both directions.
        padding: Where zeros lie; only what the convolution can't do itself is a layer of its own.
        groups: Groups of the convolution.
        act: Name of the activation.
    """

    def __init__(
        self,
        w_in: int,
        w_out: int,
        *,
        kernel: int = 1,
        stride: int = 1,
        padding: Padding = "even",
        groups: int = 1,
        act: Activation = "none",
    ) -> None:
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        apart = padding == "same" and 1 < stride <= kernel
        if apart:
            layers["pad"] = PadSame(kernel, stride)
        layers["conv"] = nn.Conv2d(w_in, w_out, kernel, stride, 0 if apart else kernel // 2, groups=groups, bias=False)
        layers["norm"] = nn.BatchNorm2d(w_out)
        if act != "none":
            layers["act"] = ACTIVATIONS[act](inplace=True)
        super().__init__(layers)


class SqueezeExcite(nn.Module):
    """x * sigmoid(expand(act(norm(reduce(mean(x)))))), both 1x1 convolutions with bias.

    Args:
        width: Width of the input [channels].
        w_se: Squeeze width [channels].
        norm: Whether there is a batch norm; an identity stands in its place where not.
        act: Name of the activation, not none.
    """

    def __init__(self, width: int, w_se: int, *, norm: bool = True, act: Activation = "relu") -> None:
        super().__init__()
        self.reduce = nn.Conv2d(width, w_se, 1)
        self.norm = nn.BatchNorm2d(w_se) if norm else nn.Identity()
        self.act = ACTIVATIONS[act](inplace=True)
        self.expand = nn.Conv2d(w_se, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The input (N, C, H, W), each channel scaled by its gate."""
        squeezed = self.act(self.norm(self.reduce(x.mean((2, 3), keepdim=True))))
        gate: Tensor = self.expand(squeezed)
        return x * gate.sigmoid_()


class DropPath(nn.Module):
    """Training sets images of a batch to 0 with probability `rate`, and divides the others by 1 - `rate`.

    Source: Huang et al. 2016, arXiv 1603.09382. Random numbers are drawn as timm 1.0.31 draws them.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """`x` (N, C, H, W) as it is in eval mode, else a new tensor of its shape."""
        if not self.training:
            return x
        kept = x.new_empty((x.shape[0], 1, 1, 1)).bernoulli_(1 - self.rate)
        return x * kept.div_(1 - self.rate)


class LinearBottleneck(nn.Module):
    """[1x1] -> depthwise [+SE] + activation [+SE] -> linear 1x1; the input is added to the output's first channels.

    Source: arXiv 2007.00992v3; clovaai/rexnet rexnetv1.py at 61debcc. SE after the activation: arXiv 1905.11946.
    """

    def __init__(self, config: BlockConfig) -> None:
        super().__init__()
        c = config
        self.w_shortcut, self.w_out = c.w_shortcut, c.w_out
        self.layers = linear_bottleneck_layers(c)
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        if c.expand:
            layers["expand"] = ConvNormAct(c.w_in, c.w_mid, act=c.act_in)
        # Squeeze-excite may stand between the norm and the activation, so the activation is a layer of its own.
        middle = ConvNormAct(c.w_mid, c.w_mid, kernel=c.kernel, stride=c.stride, padding=c.padding, groups=c.groups)
        layers["depthwise"] = middle
        if c.w_se and not c.se_after_act:
            layers["se"] = SqueezeExcite(c.w_mid, c.w_se, norm=c.se_norm, act=c.act_se)
        if c.act_mid != "none":
            layers["act"] = ACTIVATIONS[c.act_mid](inplace=True)
        if c.w_se and c.se_after_act:
            layers["se"] = SqueezeExcite(c.w_mid, c.w_se, norm=c.se_norm, act=c.act_se)
        layers["project"] = ConvNormAct(c.w_mid, c.w_out, act=c.act_out)
        if c.drop_path:
            layers["drop_path"] = DropPath(c.drop_path)
        self.body = nn.Sequential(layers)

    def forward(self, x: Tensor) -> Tensor:
        """A new tensor (N, w_out, H / stride, W / stride), sides rounded up."""
        return self.add_shortcut(self.body(x), x)

    def add_shortcut(self, out: Tensor, x: Tensor) -> Tensor:
        """`out` of the last layer plus the block's input `x`; may write into `out`."""
        if self.w_shortcut == self.w_out:
            out += x
        elif self.w_shortcut:
            out = add_to_first_channels(out, x, self.w_shortcut)
        return out


class ResidualBottleneck(nn.Module):
    """relu(project(x) + 1x1(grouped 3x3(1x1(x)))), project being a strided 1x1 where the shape changes.

    Source: Radosavovic et al. 2020, arXiv 2003.13678.
    """

    def __init__(self, config: BlockConfig) -> None:
        super().__init__()
        c = config
        self.layers = residual_bottleneck_layers(c)
        self.conv1 = ConvNormAct(c.w_in, c.w_mid, act=c.act_in)
        self.conv2 = ConvNormAct(
            c.w_mid,
            c.w_mid,
            kernel=c.kernel,
            stride=c.stride,
            padding=c.padding,
            groups=c.groups,
            act=c.act_mid,
        )
        self.conv3 = ConvNormAct(c.w_mid, c.w_out)
        if c.drop_path:
            self.conv3.append(DropPath(c.drop_path))
        self.projection = ConvNormAct(c.w_in, c.w_out, stride=c.stride) if c.projection else nn.Identity()
        self.act = ACTIVATIONS[c.act_out](inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """A new tensor (N, w_out, H / stride, W / stride), sides rounded up."""
        out: Tensor = self.act(self.add_shortcut(self.conv3(self.conv2(self.conv1(x))), x))
        return out

    def add_shortcut(self, out: Tensor, x: Tensor) -> Tensor:
        """`out` of the last layer plus the block's input `x`, projected where the shape changes; writes into `out`."""
        out += self.projection(x)
        return out


Block = LinearBottleneck | ResidualBottleneck
BLOCKS: Mapping[BlockKind, type[Block]] = {
    "linear_bottleneck": LinearBottleneck,
    "residual_bottleneck": ResidualBottleneck,
}


def add_to_first_channels(out: Tensor, x: Tensor, width: int) -> Tensor:
    """`out` (N, C, H, W) with `x` (N, width, H, W), width < C, added to its first channels; eager writes into `out`.

    In place is quickest in eager. A recorded graph gets a slice, a sum and a concatenation instead: they fuse, where
    an in-place slice becomes a scatter with an index as large as the tensor in OpenVINO.
    """
    if is_scripting() or is_tracing() or torch.compiler.is_compiling():  # type: ignore[no-untyped-call]
        return torch.cat((out[:, :width] + x, out[:, width:]), 1)
    out[:, :width].add_(x)
    return out
