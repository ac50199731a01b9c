"""Graph files as OpenVINO reads them, at fixed shapes. The one door to OpenVINO for files that others made."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rexnet_core.errors import InputError, UnsupportedModelError
from rexnet_core.sources.onnx_file import describe_onnx
from rexnet_core.sources.openvino_ir import describe_ir

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rexnet_core.sources.graph_description import GraphDescription

#: Lines of OpenVINO's messages that say where in its own source something happened.
_PLACES = ("Exception from ", "Check '", "FrontEnd API failed", "Model wasn't", "Summary:", "While validating node")


def describe_graph(path: Path) -> GraphDescription:
    """What a graph file takes and gives, once it is checked; the suffix says which format it has.

    Raises:
        InputError: The file is missing, damaged, or of another format.
        UnsupportedModelError: It has operators or inputs that the runtimes here do not know.
    """
    return describe_ir(path) if path.suffix.lower() == ".xml" else describe_onnx(path)


def read_graph(path: Path, shapes: Sequence[tuple[int, ...]] | None = None) -> Any:
    """The graph as an `openvino.Model`; it is checked before OpenVINO sees it.

    Args:
        path: An ONNX file or the ``.xml`` of an IR.
        shapes: One for each input in the order of `describe_graph`, with the batch in front; None leaves them as they
            are in the file.

    Raises:
        InputError: The file is damaged, or the shapes are not as many as the inputs.
        UnsupportedModelError: OpenVINO can't read it, or the model can't take these shapes.
    """
    described = describe_graph(path)
    if shapes is not None:
        check_shapes(described, shapes, path)
    import openvino  # noqa: PLC0415 - a second to import

    with _refusals(f"OpenVINO can't read {path}"):
        graph = openvino.Core().read_model(path)
    if shapes is not None:
        _reshape(graph, described, shapes, path)
    return graph


def compile_literally(graph: Any, threads: int) -> Any:
    """The graph compiled for the CPU in fp32, with all rewriting turned off that can be.

    Raises:
        UnsupportedModelError: OpenVINO has no way to run an operation.
    """
    import openvino  # noqa: PLC0415

    config = {
        "INFERENCE_PRECISION_HINT": "f32",
        "EXECUTION_MODE_HINT": "ACCURACY",
        "INFERENCE_NUM_THREADS": str(threads),
        "NUM_STREAMS": "1",
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
        "KV_CACHE_PRECISION": "f32",
        "CPU_DENORMALS_OPTIMIZATION": "NO",
        "CPU_SPARSE_WEIGHTS_DECOMPRESSION_RATE": "1.0",
        # Not among the properties that the plugin lists: code made for chains of operations, and quantised arithmetic.
        "SNIPPETS_MODE": "DISABLE",
        "LP_TRANSFORMS_MODE": "NO",
    }
    with _refusals("OpenVINO can't run this model"):
        return openvino.Core().compile_model(graph, "CPU", config)


def find_place(graph: Any, described: GraphDescription, index: int) -> Any:
    """The input of the graph that is a given one of the description; OpenVINO may order them otherwise."""
    name = described.inputs[index].name
    for port in graph.inputs:
        if name in port.get_names() or name == port.get_node().get_friendly_name():
            return port
    return graph.inputs[index]


def check_shapes(described: GraphDescription, shapes: Sequence[tuple[int, ...]], path: Path) -> None:
    """Refuse shapes that are not the file's.

    Raises:
        InputError: They are not as many as the inputs.
        UnsupportedModelError: A dimension is fixed in the file, and another was given.
    """
    if len(shapes) != len(described.inputs):
        raise InputError(
            f"each input must be given a shape; {path} has {len(described.inputs)} inputs, got {len(shapes)} shapes; "
            "give one for each"
        )
    for spec, shape in zip(described.inputs, shapes, strict=True):
        fits = len(shape) == len(spec.shape) and all(
            own in {None, side} for own, side in zip(spec.shape, shape, strict=True)
        )
        if not fits:
            fixed = "x".join("?" if side is None else str(side) for side in spec.shape)
            raise UnsupportedModelError(
                f"{path} takes {spec.name} of shape {fixed} and got {'x'.join(map(str, shape))}; "
                "export the model with open dimensions"
            )


def _reshape(graph: Any, described: GraphDescription, shapes: Sequence[tuple[int, ...]], path: Path) -> None:
    asked = {find_place(graph, described, index): list(shape) for index, shape in enumerate(shapes)}
    with _refusals(f"{path} can't take inputs of {' and '.join(map(str, shapes))}"):
        graph.reshape(asked)
    if any(port.get_partial_shape().is_dynamic for node in graph.get_ordered_ops() for port in node.outputs()):
        raise UnsupportedModelError(
            f"all shapes must follow from those of the inputs; those of {path} depend on what the inputs hold; "
            "give another model"
        )


@contextmanager
def _refusals(what: str) -> Iterator[None]:
    """A context in which OpenVINO's errors are one line."""
    try:
        yield
    except Exception as error:  # its exceptions have no class in common
        raise UnsupportedModelError(f"{what}: {telling_line(error)}; give another model or shape") from error


def telling_line(error: Exception) -> str:
    """What an error of OpenVINO says, without the places in its source."""
    lines = [line.strip().removeprefix("-- ") for line in str(error).splitlines()]
    said = [line for line in lines if line and not line.startswith(_PLACES)]
    return (said or lines or [type(error).__name__])[-1].rstrip(".;")[:200]
