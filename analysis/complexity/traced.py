"""Costs counted while the model runs once on tensors without data; independent of the configs.

The counter stands below every layer of Python: it sees the operations themselves with the shapes torch gives them,
and knows a layer by the parameter an operation reads. So it counts models it has never heard of, and what it does
not count it gives back by name.
"""

from __future__ import annotations

import torch

from analysis.complexity.cost import Cost
from analysis.complexity.meta_run import build_on_meta, find_stand_ins, name_of, run_on_meta
from analysis.complexity.resolution import check_resolution
from analysis.complexity.tally import DispatchCounter


def trace(model: torch.nn.Module | str, resolution: int = 224, *, in_channels: int = 3) -> Cost:
    """The cost of any model for one image; it runs once, on the `meta` device, in inference mode.

    Args:
        model: A registered name, or a module that maps ``(1, in_channels, resolution, resolution)`` to anything. A
            module with real weights keeps them, and its training mode.
        resolution: Side of the square input [pixels].
        in_channels: Channels of the input.

    Raises:
        InputError: Unknown name, or resolution out of range.
    """
    side = check_resolution(resolution)
    tally = watch_layers(build_on_meta(model), (side, side), in_channels)
    return Cost(model=name_of(model), resolution=side, layers=tally.layers(), uncounted=tally.uncounted())


def watch_layers(module: torch.nn.Module, shape: tuple[int, int], in_channels: int = 3) -> DispatchCounter:
    """The tally of one run on an image of any height and width [pixels]."""
    stand_ins = find_stand_ins(module)
    tally = DispatchCounter(module, stand_ins)
    run_on_meta(module, torch.empty(1, in_channels, *shape, device="meta"), stand_ins, tally)
    return tally
