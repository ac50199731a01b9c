"""Costs counted while the model runs once on tensors without data; independent of the configs.

The counter stands below every layer of Python: it sees the operations themselves with the shapes torch gives them,
and knows a layer by the parameter an operation reads. So it counts models it has never heard of, and what it does
not count it gives back by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.complexity.cost import Cost
from analysis.complexity.counter import LayerCounter
from analysis.complexity.inputs import choose_inputs
from analysis.complexity.meta_run import build_on_meta, make_tensors, name_of, run_once
from analysis.complexity.misfit import refuse_misfits

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from analysis.complexity.inputs import Inputs
    from analysis.complexity.tally import Tally


def trace(
    model: torch.nn.Module | str,
    resolution: int = 224,
    *,
    num_classes: int = 1000,
    in_channels: int = 3,
    shapes: Sequence[tuple[int, ...]] | None = None,
    dtypes: Sequence[str] | None = None,
    name: str | None = None,
) -> Cost:
    """The cost of any model for one image; a copy of it runs once, on the `meta` device, in inference mode.

    Args:
        model: A registered name, or a module that maps its inputs to anything. It is not run itself: nothing that it
            holds changes.
        resolution: Side of the square input [pixels].
        num_classes: Outputs of the classifier of a registered model; a module has as many as it has.
        in_channels: Channels of the input.
        shapes: Of all inputs, in the order in which the model takes them, each with the batch of 1 in front; instead
            of `resolution` and `in_channels`.
        dtypes: Of all inputs, as numpy writes them; by default that of the model's own numbers.
        name: What the cost bears as the model's name; by default the registered name, or the class of a module.

    Raises:
        InputError: Unknown name, a number out of range, or a module that does not take such inputs.
    """
    inputs = choose_inputs(resolution, in_channels, shapes, dtypes)
    with refuse_misfits(inputs):
        tally = watch_layers(build_on_meta(model, inputs, num_classes), inputs)
    return Cost(
        model=name or name_of(model),
        resolution=inputs.place[0],
        layers=tally.layers(),
        uncounted=tally.uncounted(),
        input_shapes=inputs.shapes,
    )


def watch_layers(module: torch.nn.Module, inputs: Inputs) -> Tally:
    """The tally of one run of a module from `build_on_meta`."""
    tensors = make_tensors(module, inputs)
    counter = LayerCounter(module, tensors)
    run_once(module, tensors, counter.watching())
    return counter.tally
