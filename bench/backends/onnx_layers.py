"""The layers of an ONNX file, and which of the nodes that ran was which of them.

A *layer* is a convolution or a matrix product with weights. The runtime renames nodes when it fuses them or chooses
another layout, and then names them for the node or for an output, so both are kept.
"""

from __future__ import annotations

import ast
import json
import math
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from bench.backends.onnx_session import Node

_LAYERS = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})
#: Operations through which weights reach a layer: those of a quantised form, and other orders of the same numbers.
_CARRIES = frozenset({"DequantizeLinear", "QuantizeLinear", "Transpose", "Identity", "Cast", "Reshape"})
#: Operations that the runtime makes part of the convolution before them.
_FUSED = frozenset(
    {"Relu", "Clip", "LeakyRelu", "Sigmoid", "HardSigmoid", "Tanh", "Add", "Sum", "QuantizeLinear", "DequantizeLinear"}
)
#: Operations that the runtime makes part of the weights, where they take a constant.
_FOLDED = frozenset({"Mul", "BatchNormalization"})
#: What the runtime adds to a name.
_ADDED = re.compile(r"^fused |(_nchwc|_token_\d+|_quant|/\w+Fusion/?)+$")
#: What the quantiser adds to the name of an output of the model that it rounds.
_BEFORE_OUTPUT = "_QuantizeLinear_Input"
_SCOPES = "pkg.torch.onnx.name_scopes"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxLayer:
    """A layer of a file.

    Args:
        name: The module's, where the names of the weights or the exporter's notes tell it.
        macs: Multiply-adds for one image; 0 where a shape is unknown.
        given: The tensor that it gives, an activation that follows included where the file rounds only after it.
        rounded: The same tensor as it is passed on, rounded to int8 where the file does so.
        elements: How many numbers `given` has; 0 where its shape is unknown.
        names: What the runtime may call the node by.
        quantized: Whether it takes weights and activations that the file holds in int8.
    """

    name: str
    macs: int
    given: str
    rounded: str
    elements: int
    names: tuple[str, ...]
    quantized: bool


class _Graph:
    """A graph with its producers, consumers and shapes."""

    def __init__(self, model: Any) -> None:
        import onnx  # noqa: PLC0415 - an extra

        self.nodes = model.graph.node
        self.producers = {output: node for node in self.nodes for output in node.output}
        self.consumers: dict[str, list[Any]] = {}
        for node in self.nodes:
            for taken in node.input:
                self.consumers.setdefault(taken, []).append(node)
        inferred = onnx.shape_inference.infer_shapes(model).graph
        self.shapes = {
            value.name: [side.dim_value for side in value.type.tensor_type.shape.dim]
            for value in (*inferred.value_info, *inferred.input, *inferred.output)
        }
        self.weights = {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
        self.weights |= {
            node.output[0]: list(one.t.dims)
            for node in self.nodes
            if node.op_type == "Constant"
            for one in node.attribute
            if one.name == "value"
        }
        self.shapes |= self.weights
        inputs = [value.name for value in model.graph.input if value.name not in self.weights]
        self.batch = self.shapes[inputs[0]][0] if inputs and self.shapes[inputs[0]] else 1

    def find_weights(self, tensor: str) -> str | None:
        """The name of the weights that a tensor holds, however they are stored; None where it is computed."""
        if tensor in self.weights:
            return tensor
        node = self.producers.get(tensor)
        if node is None:
            return None
        return self.find_weights(node.input[0]) if node.op_type in _CARRIES else None

    def is_dequantised(self, tensor: str) -> bool:
        """Whether a tensor comes from one in int8."""
        node = self.producers.get(tensor)
        return node is not None and node.op_type == "DequantizeLinear"

    def follow(self, tensor: str) -> Iterator[tuple[str, Any]]:
        """The tensors after this one, as far as what makes them can be fused, each with its node."""
        while len(users := self.consumers.get(tensor, [])) == 1 and self._joins(users[0]):
            tensor = users[0].output[0]
            yield tensor, users[0]

    def _joins(self, node: Any) -> bool:
        """Whether a node can be fused with the layer before it."""
        constant = node.op_type in _FOLDED and any(self.find_weights(taken) for taken in node.input)
        return constant or node.op_type in _FUSED


def list_layers(model: Any, before: Sequence[OnnxLayer] = ()) -> list[OnnxLayer]:
    """The layers of an ONNX model with static shapes, in its order.

    Args:
        model: An `onnx.ModelProto`.
        before: Those of the form before it was quantised, which give the names.
    """
    graph, known = _Graph(model), Finder(before)
    return [
        _describe(node, place, weights, graph, known)
        for node in graph.nodes
        if node.op_type in _LAYERS
        for place, weights in [_find_place(node, graph)]
        if weights is not None
    ]


def _find_place(node: Any, graph: _Graph) -> tuple[int, str | None]:
    """Which input of a node holds weights, and their name."""
    for place in (1, 0):
        if (weights := graph.find_weights(node.input[place])) is not None:
            return place, weights
    return 0, None


def _describe(node: Any, place: int, weights: str, graph: _Graph, known: Finder) -> OnnxLayer:
    same = known.find(node.name)
    after = list(graph.follow(node.output[0]))
    roundings = [user for _, user in after if user.op_type == "QuantizeLinear"]
    given = roundings[0].input[0].removesuffix(_BEFORE_OUTPUT) if roundings else node.output[0]
    rounded = next((tensor for tensor, user in after if user.op_type == "DequantizeLinear"), given)
    return OnnxLayer(
        name=same.name if same else _name(node, weights),
        macs=_count(node, place, graph),
        given=given,
        rounded=rounded,
        elements=math.prod(graph.shapes.get(node.output[0]) or [0]),
        names=tuple(dict.fromkeys([node.name, node.output[0], *(tensor for tensor, _ in after)])),
        quantized=all(graph.is_dequantised(tensor) for tensor in node.input[:2]),
    )


def _name(node: Any, weights: str) -> str:
    """The module's name from that of its weights, else from the exporter's notes, else the node's own."""
    plain = weights.removesuffix("_quantized")
    if plain.endswith(".weight"):
        return plain.removesuffix(".weight")
    noted = next((one.value for one in node.metadata_props if one.key == _SCOPES), "")
    try:
        scopes = ast.literal_eval(noted)[:-1]  # the last is the operation
    except (ValueError, SyntaxError, TypeError):
        scopes = []
    return str(scopes[-1]) if scopes and scopes[-1] else node.name or node.output[0]


def _count(node: Any, place: int, graph: _Graph) -> int:
    """Multiply-adds for one image; 0 where a shape is unknown."""
    taken, given = graph.shapes.get(node.input[1 - place]), graph.shapes.get(node.output[0])
    weights = graph.shapes.get(node.input[place])
    if not taken or not given or not weights or not all((*taken, *given, *weights)):
        return 0
    match node.op_type:
        case "Conv":
            macs = math.prod(given) * math.prod(weights[1:])
        case "ConvTranspose":
            macs = math.prod(taken) * math.prod(weights[1:])
        case "Gemm":
            turned = {one.name: one.i for one in node.attribute}.get("transB" if place else "transA", 0)
            macs = math.prod(given) * weights[turned if place else 1 - turned]
        case _:
            macs = math.prod(given) * weights[-2 if place and len(weights) > 1 else -1]
    return int(macs // graph.batch)


def dump_layers(path: Path, layers: Sequence[OnnxLayer]) -> None:
    """Write the layers of a file beside it, so that a worker need not read the file itself."""
    _beside(path).write_text(json.dumps([asdict(layer) for layer in layers]))


def load_layers(path: Path) -> list[OnnxLayer]:
    """The layers that were written beside a file."""
    return [
        OnnxLayer(**{**values, "names": tuple(values["names"])}) for values in json.loads(_beside(path).read_text())
    ]


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.layers.json")


class Finder:
    """Finds the layer that a node which ran was."""

    def __init__(self, layers: Sequence[OnnxLayer]) -> None:
        self.layers: dict[str, OnnxLayer] = {}
        for layer in layers:
            for name in layer.names:
                self.layers.setdefault(name, layer)

    def find(self, node_name: str) -> OnnxLayer | None:
        """The layer, by what the runtime calls the node; None where it is none."""
        return self.layers.get(node_name) or self.layers.get(_ADDED.sub("", node_name))

    def pair(self, nodes: Iterable[Node]) -> list[tuple[OnnxLayer, Node]]:
        """The nodes that were layers, each with its layer."""
        return [(layer, node) for node in nodes if node.computes and (layer := self.find(node.name))]
