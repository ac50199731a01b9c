"""The counter of `counting`: books each node of a graph to the layer whose numbers it reads."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.complexity.cost import conv_kind
from analysis.complexity.tally import Tally
from analysis.graphs.constants import Constants, count_numbers, is_one, name_of_module, name_of_node
from analysis.graphs.nodes import CONVOLUTIONS, MOVES, TRANSPOSED, count_multiply_adds, followers, sources

if TYPE_CHECKING:
    from collections.abc import Sequence

#: A product has two.
_FACTORS = 2
#: Nothing is computed by these.
_REARRANGED = MOVES | {"Identity", "Split", "VariadicSplit", "Tile", "GatherND", "DepthToSpace", "SpaceToDepth"}
#: What they read besides data are sizes, ranges and borders.
_WITHOUT_NUMBERS = frozenset({"FakeQuantize", "Interpolate", "Pad", "NonMaxSuppression", "Range", "Clamp"})


class _Weight(NamedTuple):
    """Where the weight of an operation is: the input that it is, and the axis of the output that it gives channels."""

    port: int
    axis: int


class GraphCounter:
    """A graph whose every node is booked in `tally`.

    Args:
        graph: An `openvino.Model` of static shapes.
    """

    def __init__(self, graph: Any) -> None:
        self._sizes: dict[str, int] = {}
        self.tally = Tally(self._sizes)
        nodes = list(graph.get_ordered_ops())
        self._constants = Constants(nodes)
        self._makers: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        # Nodes that belong to the layer before them, and constants that belong to layers.
        self._parts: set[str] = set()
        self._claimed: set[str] = set()
        moving = [node for node in nodes if not self._constants.is_fixed(node)]
        for node in moving:
            if node.get_name() not in self._parts:
                self._take(node)
        for node in moving:
            if node.get_name() not in self._parts and node.get_type_name() not in _WITHOUT_NUMBERS:
                self._take_others(node)

    def _take(self, node: Any) -> None:
        kind = node.get_type_name()
        for maker in filter(None, (self._makers.get(source.get_name()) for source in sources(node))):
            self.tally.read(maker)
        if kind in CONVOLUTIONS | TRANSPOSED:
            self._book(node, _kind_of(node), _Weight(port=1, axis=1))
        elif kind == "MatMul" and (port := self._weight_port(node)) is not None:
            self._book(node, "linear", _Weight(port=port, axis=-1 if port else -2))
        elif kind == "Einsum" and len(sources(node)) == _FACTORS and (port := self._weight_port(node)) is not None:
            self._book(node, "linear", _Weight(port=port, axis=-1))
        elif kind == "BatchNormInference":
            self._batch_norm(node)
        elif kind not in _REARRANGED:
            self.tally.skip(kind)

    def _weight_port(self, node: Any) -> int | None:
        """Which factor of a product is fixed, where the other one is not."""
        fixed = [self._constants.is_fixed(one) for one in sources(node)]
        return fixed.index(True) if fixed.count(True) == 1 else None

    def _book(self, node: Any, kind: str, weight: _Weight) -> None:
        """One use of a layer."""
        out_shape = _shape(node)
        # A product with a vector has no axis of channels.
        axis = weight.axis % len(out_shape) if len(out_shape) >= abs(weight.axis) else None
        end, added = self._end_of(node, out_shape, axis)
        numbers, bias = (self._constants.roots(one) for one in (sources(node)[weight.port], added))
        own = numbers[:1] + bias[:1]
        keys = self._own(_name(node, end, own), own)
        self._claimed.update(one.get_name() for one in numbers + bias)
        self._makers[end.get_name()] = self.tally.book(
            keys[0] if numbers else None,
            kind,
            macs=count_multiply_adds(node),
            inputs=int(prod(node.get_input_shape(1 - weight.port))),
            out_shape=out_shape,
            width=1 if axis is None else out_shape[axis],
            has_bias=added is not None,
        )

    def _end_of(self, node: Any, out_shape: tuple[int, ...], axis: int | None) -> tuple[Any, Any]:
        """The last node of a layer, and the bias that is added there, if any."""
        reader = self._reader(node)
        if reader is not None and reader.get_type_name() == "Multiply" and is_one(self._fixed_source(reader)):
            # ONNX's Gemm has a factor, which is 1 where torch wrote it.
            self._parts.add(reader.get_name())
            node, reader = reader, self._reader(reader)
        if reader is None or reader.get_type_name() != "Add" or _shape(reader) != out_shape:
            return node, None
        added = self._fixed_source(reader)
        wanted = tuple(side if place == axis else 1 for place, side in enumerate(out_shape))
        if added is None or (1,) * (len(out_shape) - len(_shape(added))) + _shape(added) != wanted:
            return node, None
        self._parts.add(reader.get_name())
        return reader, added

    def _reader(self, node: Any) -> Any:
        """What reads a node, where it is one alone; None otherwise."""
        readers = [one for one in followers(node) if not self._constants.is_fixed(one)]
        return readers[0] if len(readers) == 1 else None

    def _fixed_source(self, node: Any) -> Any:
        return next((one for one in sources(node) if self._constants.is_fixed(one)), None)

    def _batch_norm(self, node: Any) -> None:
        fixed = [self._constants.roots(one) for one in sources(node) if self._constants.is_fixed(one)]
        image = next(one for one in sources(node) if not self._constants.is_fixed(one))
        scale_and_shift = [roots[0] for roots in fixed[:2] if roots]
        keys = self._own(_name(node, node, scale_and_shift), scale_and_shift)
        self._claimed.update(one.get_name() for roots in fixed for one in roots)
        self.tally.norm(
            keys[0] if keys else None,
            set(keys),
            maker=self._makers.get(image.get_name()),
            shape=_shape(node),
            fixed=True,
        )

    def _take_others(self, node: Any) -> None:
        """Books the numbers that a node reads and that belong to no layer."""
        for root in (one for source in sources(node) for one in self._constants.roots(source)):
            single = count_numbers(root) == 1
            if root.get_name() not in self._claimed and not single and root.get_element_type().is_real():
                self._claimed.add(root.get_name())
                self._own(_name(node, node, [root]), [root])

    def _own(self, layer: str, constants: Sequence[Any]) -> list[str]:
        """The keys of constants that a layer owns; one that two layers read belongs to the first."""
        for one in constants:
            if one.get_name() not in self._keys:
                key = self._keys[one.get_name()] = f"{layer}.{one.get_name()}"
                self._sizes[key] = count_numbers(one)
        return [self._keys[one.get_name()] for one in constants]


def _shape(node: Any) -> tuple[int, ...]:
    return tuple(int(side) for side in node.get_output_shape(0))


def _kind_of(node: Any) -> str:
    """The kind of a convolution; the weights of a grouped one have an axis of groups in front."""
    weight, grouped = node.get_input_shape(1), node.get_type_name().startswith("Group")
    kernel = prod(weight[3 if grouped else 2 :])
    return conv_kind(int(node.get_input_shape(0)[1]), _shape(node)[1], kernel, int(weight[0]) if grouped else 1)


def _name(node: Any, end: Any, numbers: Sequence[Any]) -> str:
    """The module, if a constant bears its name or the converter told it; else the node's name."""
    named = next(filter(None, map(name_of_module, numbers)), "")
    if named or name_of_node(node) != node.get_friendly_name():
        return named or name_of_node(node)
    return name_of_node(end)
