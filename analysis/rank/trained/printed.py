"""What the paper says of the networks of tables 2 and 3(a), as it prints it. No torch here.

Source:
    arXiv 2007.00992 v3: table 2 is the mean of three models on CIFAR-100; table 3(a) has five inverted bottlenecks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.data_tables import load_table

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
        printed_accuracy: As a share.
        printed_nuclear_norm: Of the final feature.
        printed_macs: Multiply-adds.
    """

    name: str
    label: str
    expansion: int
    block_ratio: float
    act: Activation
    printed_accuracy: float
    printed_nuclear_norm: float
    printed_macs: int


_TABLES = load_table(__file__)
#: Each row changes one thing of the row before.
TABLE_2 = tuple(Step(**row) for row in _TABLES["table2"])

#: Name, block widths and printed accuracy of the best and the worst searched network; about 30M multiply-adds each.
TABLE_3A = tuple((row["name"], tuple(row["widths"]), row["accuracy"]) for row in _TABLES["table3a"])
TABLE_3A_EXPANSION = 6
TABLE_3A_MACS = 30_000_000
