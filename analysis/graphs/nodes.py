"""What the nodes of an OpenVINO graph are to a counter: which multiply, which only move data, who reads whom."""

from __future__ import annotations

from math import prod
from typing import Any

CONVOLUTIONS = frozenset({"Convolution", "GroupConvolution"})
TRANSPOSED = frozenset({"ConvolutionBackpropData", "GroupConvolutionBackpropData"})
#: They name, move or repeat data, or tell its shape; nothing is computed.
MOVES = frozenset(
    {
        *("Parameter", "Result", "Constant", "Convert", "Reshape", "Squeeze", "Unsqueeze", "Slice", "StridedSlice"),
        *("Concat", "Transpose", "ShapeOf", "Gather", "Broadcast", "ScatterNDUpdate", "ScatterUpdate"),
    }
)
#: The converter of torch modules writes the module's name after it.
MODULE = "__module."


def followers(node: Any) -> list[Any]:
    """The nodes that read a node, in one order: OpenVINO gives a set."""
    found = [edge.get_node() for output in node.outputs() for edge in output.get_target_inputs()]
    return sorted(found, key=lambda one: str(one.get_friendly_name()))


def sources(node: Any) -> list[Any]:
    """The nodes that a node reads, in the order of its inputs."""
    return [one.get_source_output().get_node() for one in node.inputs()]


def count_multiply_adds(node: Any) -> int:
    """Multiply-adds of a convolution or a product: one for each weight for each place it is applied to."""
    kind, shape = node.get_type_name(), node.get_input_shape(0)
    if kind == "Einsum":
        return int(prod(node.get_output_shape(0)) * _summed_places(node))
    if kind == "MatMul":
        inner = shape[-2 if node.get_attributes().get("transpose_a") and len(shape) > 1 else -1]
        return int(prod(node.get_output_shape(0)) * inner)
    weight = node.get_input_shape(1)
    if kind in TRANSPOSED:
        return int(prod(shape) // shape[1] * prod(weight))
    # (out, in, ...) and (groups, out / groups, in / groups, ...): what is read for each output follows the outputs.
    return int(prod(node.get_output_shape(0)) * prod(weight[1 if kind == "Convolution" else 2 :]))


def _summed_places(node: Any) -> int:
    """Over how many places an einsum sums for each output: the axes that its output does not have."""
    read, arrow, written = node.get_attributes()["equation"].replace(" ", "").partition("->")
    if not arrow:
        # The output has what only one input has.
        written = "".join(label for label in read if read.count(label) == 1)
    sides: dict[str, int] = {}
    for port, labels in enumerate(read.split(",")):
        shape = node.get_input_shape(port)
        # Axes that three dots stand for are in the output, too.
        left, _, right = labels.partition("...")
        sides.update(zip(left, shape, strict=False))
        sides.update(zip(reversed(right), reversed(shape), strict=False))
    return prod(side for label, side in sides.items() if label not in written)
