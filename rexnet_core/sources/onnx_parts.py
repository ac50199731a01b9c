"""All operators and tensors of an ONNX model, also those of inner graphs, of functions and of training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The standard, and the operators that ONNX Runtime adds, of which OpenVINO knows some.
DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})


def operators_in(model: Any) -> Iterator[Any]:
    """Every operator of the model and of its functions."""
    for part in _parts(model):
        yield from part.node


def tensors_in(model: Any) -> Iterator[Any]:
    """Every tensor that the model holds, wherever."""
    for part in _parts(model):
        for node in part.node:
            for attribute in node.attribute:
                yield from _tensors_of(attribute)
        if part.DESCRIPTOR.name == "GraphProto":
            yield from part.initializer
            for sparse in part.sparse_initializer:
                yield from (sparse.values, sparse.indices)


def _parts(model: Any) -> Iterator[Any]:
    """The graph, the functions, and every graph within; protobuf limits how deep they lie."""
    waiting = [model.graph, *model.functions]
    for step in model.training_info:
        waiting += [step.initialization, step.algorithm]
    while waiting:
        part = waiting.pop()
        yield part
        for node in part.node:
            for attribute in node.attribute:
                waiting += attribute.graphs
                if attribute.HasField("g"):
                    waiting.append(attribute.g)


def _tensors_of(attribute: Any) -> Iterator[Any]:
    yield from attribute.tensors
    if attribute.HasField("t"):
        yield attribute.t
    own = [attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else []
    for sparse in (*own, *attribute.sparse_tensors):
        yield from (sparse.values, sparse.indices)
