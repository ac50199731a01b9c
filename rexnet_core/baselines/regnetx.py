"""RegNetX's residual block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from rexnet_core.blocks import ACTIVATIONS, ConvNormAct

if TYPE_CHECKING:
    from rexnet_core.network_config import BlockConfig


class ResidualBottleneck(nn.Module):
    """relu(project(x) + 1x1(grouped 3x3(1x1(x)))), project being a strided 1x1 where the shape changes.

    Source: Radosavovic et al. 2020, arXiv 2003.13678.
    """

    def __init__(self, config: BlockConfig) -> None:
        super().__init__()
        c = config
        self.conv1 = ConvNormAct(c.w_in, c.w_mid, act=c.act_in)
        self.conv2 = ConvNormAct(c.w_mid, c.w_mid, kernel=c.kernel, stride=c.stride, groups=c.groups, act=c.act_mid)
        self.conv3 = ConvNormAct(c.w_mid, c.w_out)
        self.projection = ConvNormAct(c.w_in, c.w_out, stride=c.stride) if c.projection else nn.Identity()
        self.act = ACTIVATIONS[c.act_out](inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """A new tensor (N, w_out, H / stride, W / stride), sides rounded up."""
        out: Tensor = self.conv3(self.conv2(self.conv1(x)))
        out += self.projection(x)
        return self.act(out)  # type: ignore[no-any-return]
