"""Rates of stochastic depth, block by block. No torch here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from rexnet_core.network_config import NetConfig

#: Families whose last block has less than the whole rate: that of block i of n is rate * i / n there.
_LAST_BELOW_RATE = ("mobilenet_v2", "efficientnet")


def drop_paths(config: NetConfig, rate: float) -> NetConfig:
    """The config with a rate for each block that has a shortcut; rates rise linearly from 0 in the first block.

    Source: Huang et al. 2016, arXiv 1603.09382, section 3; the divisor of each family is that of timm 1.0.31
    (``models/rexnet.py``, ``models/regnet.py``, ``models/_efficientnet_builder.py``).

    Args:
        config: Of any family.
        rate: Probability of dropping the last block, in [0, 1).

    Raises:
        InputError: The network has no block that can be dropped.
    """
    if not rate:
        return config
    if not any(block.w_shortcut for block in config.blocks):
        raise InputError(
            f"stochastic depth leaves the shortcut of a block alone, {config.name} has none; its rate must be 0"
        )
    blocks = len(config.blocks)
    last = blocks if config.family.startswith(_LAST_BELOW_RATE) else blocks - 1
    rates = [rate * index / last if block.w_shortcut else 0.0 for index, block in enumerate(config.blocks)]
    return replace(
        config,
        blocks=tuple(replace(block, drop_path=own) for block, own in zip(config.blocks, rates, strict=True)),
    )
