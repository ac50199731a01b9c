"""What a graph file costs, under the definitions of `analysis.complexity.cost`.

A *layer* is an operation with numbers of its own: a convolution, a matrix product of which one factor is fixed by the
file, a batch norm. The addition of one constant per channel right after it is its bias. A weight may be computed from
constants, as it is where it is stored quantised, in another order or in fewer bits: its elements are what counts, not
scales and zero points. The numbers that other operations read, such as a norm's scale or an embedding of positions, are
layers of kind ``other``; a single number is part of a formula and none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.complexity.cost import Cost
from analysis.graphs.counter import GraphCounter
from analysis.graphs.reading import read_graph

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def count_graph(path: Path, shapes: Sequence[tuple[int, ...]], *, name: str, resolution: int) -> Cost:
    """The cost of a graph file for one image.

    Args:
        path: An ONNX file or the ``.xml`` of an IR.
        shapes: One for each input, with the batch of 1 in front.
        name: What the result calls the model.
        resolution: Side of the image [pixels].

    Raises:
        InputError: The file is damaged, or the shapes are not as many as the inputs.
        UnsupportedModelError: OpenVINO can't read it, or the model can't take these shapes.
    """
    tally = GraphCounter(read_graph(path, shapes)).tally
    return Cost(
        model=name,
        resolution=resolution,
        layers=tally.layers(),
        uncounted=tally.uncounted(),
        input_shapes=tuple(tuple(shape) for shape in shapes),
    )
