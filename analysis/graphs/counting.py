"""What a graph file costs, under the definitions of `analysis.complexity.cost`.

A *layer* is an operation with numbers of its own: a convolution, a matrix product of which one factor is fixed by the
file, a batch norm. The addition of one constant per channel right after it is its bias. A weight may be computed from
constants, as it is where it is stored quantised, in another order or in fewer bits: its elements are what counts, not
scales and zero points. The numbers that other operations read, such as a norm's scale or an embedding of positions, are
layers of kind ``other``; a single number is part of a formula and none.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from analysis.complexity.cost import Cost, conv_kind
from analysis.complexity.tally import Tally
from analysis.graphs.constants import Constants, count_numbers, name_of_module, name_of_node
from analysis.graphs.nodes import CONVOLUTIONS, MOVES, TRANSPOSED, count_multiply_adds, followers, sources
from analysis.graphs.reading import read_graph

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: What they read besides data are sizes, ranges and borders.
_WITHOUT_NUMBERS = frozenset({"FakeQuantize", "Interpolate", "Pad", "NonMaxSuppression", "Range", "Clamp"})


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
    return Cost(model=name, resolution=resolution, layers=tally.layers(), uncounted=tally.uncounted())


class GraphCounter:
    """A graph whose every node is booked.

    Args:
        graph: An `openvino.Model` of static shapes.
    """

    def __init__(self, graph: Any) -> None:
        self._sizes: dict[str, int] = {}
        self.tally = Tally(self._sizes)
        nodes = list(graph.get_ordered_ops())
        self._constants = Constants(nodes)
        self._makers: dict[str, str] = {}
        self._biases: set[str] = set()
        self._claimed: set[str] = set()
        self._keys: dict[str, str] = {}
        moving = [node for node in nodes if not self._constants.is_fixed(node)]
        for node in moving:
            self._take(node)
        for node in moving:
            self._take_others(node)

    def _take(self, node: Any) -> None:
        if node.get_name() in self._biases:
            return
        kind = node.get_type_name()
        for source in sources(node):
            if maker := self._makers.get(source.get_name()):
                self.tally.read(maker)
        if kind in CONVOLUTIONS | TRANSPOSED:
            self._convolution(node)
        elif kind == "MatMul" and (port := self._weight_port(node)) is not None:
            self._product(node, port)
        elif kind == "BatchNormInference":
            self._batch_norm(node)
        elif kind not in MOVES:
            self.tally.skip(kind)

    def _weight_port(self, node: Any) -> int | None:
        """Which factor of a product is fixed, where the other one is not."""
        fixed = [self._constants.is_fixed(one) for one in sources(node)]
        return fixed.index(True) if fixed.count(True) == 1 else None

    def _convolution(self, node: Any) -> None:
        kind, image, weight = node.get_type_name(), node.get_input_shape(0), node.get_input_shape(1)
        grouped = kind.startswith("Group")
        width = int(node.get_output_shape(0)[1])
        shape = conv_kind(image[1], width, prod(weight[3 if grouped else 2 :]), weight[0] if grouped else 1)
        self._book(node, 1, shape, axis=1)

    def _product(self, node: Any, port: int) -> None:
        self._book(node, port, "linear", axis=-1 if port else -2)

    def _book(self, node: Any, port: int, kind: str, *, axis: int) -> None:
        """One use of a layer whose weight is input `port`, and whose channels are `axis` of the output."""
        out_shape = tuple(int(side) for side in node.get_output_shape(0))
        axis = axis % len(out_shape) if len(out_shape) >= abs(axis) else 0
        end = self._bias_after(node, out_shape, axis)
        numbers = self._constants.roots(sources(node)[port])
        bias = [] if end is None else self._constants.roots(self._fixed_source(end))
        layer = self._name(node, end, numbers[:1] + bias[:1])
        self._claimed.update(one.get_name() for one in numbers + bias)
        keys = [self._own(layer, one) for one in numbers[:1] + bias[:1]]
        maker = self.tally.book(
            keys[0] if numbers else None,
            kind,
            macs=count_multiply_adds(node),
            inputs=int(prod(node.get_input_shape(1 - port))),
            out_shape=out_shape,
            width=out_shape[axis] if out_shape else 1,
            has_bias=end is not None,
        )
        self._makers[(node if end is None else end).get_name()] = maker

    def _bias_after(self, node: Any, out_shape: tuple[int, ...], axis: int) -> Any:
        """The addition of one constant per channel that alone reads a node."""
        readers = [one for one in followers(node) if not self._constants.is_fixed(one)]
        if len(readers) != 1 or readers[0].get_type_name() != "Add":
            return None
        added = self._fixed_source(readers[0])
        if added is None or tuple(readers[0].get_output_shape(0)) != out_shape:
            return None
        shape = tuple(added.get_output_shape(0))
        shape = (1,) * (len(out_shape) - len(shape)) + shape
        wanted = tuple(side if index == axis else 1 for index, side in enumerate(out_shape))
        if shape != wanted:
            return None
        self._biases.add(readers[0].get_name())
        return readers[0]

    def _fixed_source(self, node: Any) -> Any:
        return next((one for one in sources(node) if self._constants.is_fixed(one)), None)

    def _batch_norm(self, node: Any) -> None:
        read = sources(node)
        fixed = [self._constants.roots(one) for one in read if self._constants.is_fixed(one)]
        image = next(one for one in read if not self._constants.is_fixed(one))
        # Scale, shift, mean and variance.
        numbers = [one[0] for one in fixed[:2] if one]
        layer = self._name(node, None, numbers)
        self._claimed.update(one.get_name() for roots in fixed for one in roots)
        keys = [self._own(layer, one) for one in numbers]
        self.tally.norm(
            keys[0] if keys else None,
            set(keys),
            maker=self._makers.get(image.get_name()),
            shape=tuple(int(side) for side in node.get_output_shape(0)),
            fixed=True,
        )

    def _take_others(self, node: Any) -> None:
        """Books the numbers that a node reads and that belong to no layer."""
        if node.get_name() in self._biases or node.get_type_name() in _WITHOUT_NUMBERS:
            return
        for source in sources(node):
            for root in self._constants.roots(source):
                numbers = count_numbers(root)
                if root.get_name() in self._claimed or numbers == 1 or not root.get_element_type().is_real():
                    continue
                self._claimed.add(root.get_name())
                self._own(self._name(node, None, [root]), root)

    def _name(self, node: Any, end: Any, numbers: list[Any]) -> str:
        """The module, if a constant bears its name or the converter told it; else the node's name."""
        named = next(filter(None, map(name_of_module, numbers)), "")
        told = name_of_node(node)
        if named or end is None or told != node.get_friendly_name():
            return named or told
        return name_of_node(end)

    def _own(self, layer: str, constant: Any) -> str:
        """The key of a number that a layer owns; one that two layers read belongs to the first."""
        known = self._keys.get(constant.get_name())
        if known is None:
            known = self._keys[constant.get_name()] = f"{layer}.{constant.get_name()}"
            self._sizes[known] = count_numbers(constant)
        return known
