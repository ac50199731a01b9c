"""What the paper says of the networks of tables 2 and 3(a), as it prints it. No torch here.

Source:
    arXiv 2007.00992 v3: table 2 is the mean of three models on CIFAR-100; table 3(a) has five inverted bottlenecks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rexnet_core.network_config import Activation


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A row of table 2.

    Args:
        name: Key in our tables.
        label: For people.
        expansion: Reciprocal of the dimension ratio of a block's first 1x1 convolution.
        block_ratio: Dimension ratio, input over output channels, of every block.
        act: After the first 1x1 convolution.
        printed: Accuracy as a share, nuclear norm, multiply-adds.
    """

    name: str
    label: str
    expansion: int
    block_ratio: float
    act: Activation
    printed: tuple[float, float, int]


#: Each row changes one thing of the row before.
TABLE_2 = (
    Step(
        name="baseline",
        label="Baseline",
        expansion=20,
        block_ratio=0.22,
        act="relu6",
        printed=(0.480, 5997.5, 103_000_000),
    ),
    Step(
        name="dr_conv",
        label="+ DR of 1x1 conv 1/20 -> 1/6",
        expansion=6,
        block_ratio=0.22,
        act="relu6",
        printed=(0.521, 6655.9, 99_000_000),
    ),
    Step(
        name="dr_block",
        label="+ DR of block 0.22 -> 0.8",
        expansion=6,
        block_ratio=0.8,
        act="relu6",
        printed=(0.538, 6703.2, 105_000_000),
    ),
    Step(
        name="silu",
        label="+ first ReLU6 -> SiLU",
        expansion=6,
        block_ratio=0.8,
        act="silu",
        printed=(0.546, 6895.9, 105_000_000),
    ),
)

#: Name, block widths and printed accuracy of the best and the worst searched network; about 30M multiply-adds each.
TABLE_3A = (
    ("worst", (36, 36, 36, 36, 83), 0.611),
    ("best", (34, 34, 45, 55, 66), 0.634),
)
TABLE_3A_EXPANSION = 6
TABLE_3A_MACS = 30_000_000
