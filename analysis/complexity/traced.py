"""Costs counted while the model runs once on tensors without data; independent of the configs.

The counter stands below every layer of Python: it sees the operations themselves with the shapes torch gives them,
and knows a layer by the parameter an operation reads. So it counts models it has never heard of, and what it does
not count it gives back by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.complexity.cost import Cost
from analysis.complexity.counter import LayerCounter
from analysis.complexity.meta_run import build_on_meta, make_image, name_of, run_once
from analysis.complexity.misfit import refuse_misfits
from analysis.complexity.resolution import check_resolution

if TYPE_CHECKING:
    import torch

    from analysis.complexity.tally import Tally


def trace(
    model: torch.nn.Module | str, resolution: int = 224, *, num_classes: int = 1000, in_channels: int = 3
) -> Cost:
    """The cost of any model for one image; a copy of it runs once, on the `meta` device, in inference mode.

    Args:
        model: A registered name, or a module that maps ``(1, in_channels, resolution, resolution)`` to anything. It is
            not run itself: nothing that it holds changes.
        resolution: Side of the square input [pixels].
        num_classes: Outputs of the classifier of a registered model; a module has as many as it has.
        in_channels: Channels of the input.

    Raises:
        InputError: Unknown name, a number out of range, or a module that does not take such an image.
    """
    side = check_resolution(resolution)
    with refuse_misfits(side, in_channels):
        tally = watch_layers(build_on_meta(model, (side, side), in_channels, num_classes), (side, side), in_channels)
    return Cost(model=name_of(model), resolution=side, layers=tally.layers(), uncounted=tally.uncounted())


def watch_layers(module: torch.nn.Module, shape: tuple[int, int], in_channels: int = 3) -> Tally:
    """The tally of one run of a module from `build_on_meta` on an image of any height and width [pixels]."""
    image = make_image(module, shape, in_channels)
    counter = LayerCounter(module, image)
    run_once(module, image, counter.watching())
    return counter.tally
