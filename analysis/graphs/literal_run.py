"""The most literal run of a graph file: what its operations give in fp32, one after the other, as far as a runtime can.

It is the reference that every backend's outputs of a graph file are compared with. For ONNX it is ONNX Runtime with all
its rewriting off. OpenVINO has no such mode: its CPU plugin always fuses, so for an IR, and for ONNX where ONNX Runtime
is missing, the run is literal in its precision alone.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.graphs.reading import (
    check_shapes,
    compile_literally,
    describe_graph,
    find_place,
    read_graph,
    telling_line,
)
from rexnet_core.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    Run = Callable[[tuple[np.ndarray, ...]], tuple[np.ndarray, ...]]

#: With it, ONNX Runtime takes its settings from the model, which a stranger made.
_SETTINGS_FROM_MODEL = "ORT_LOAD_CONFIG_FROM_MODEL"
_ERRORS_ONLY = 3


def open_literal(path: Path, shapes: Sequence[tuple[int, ...]], *, threads: int = 1) -> tuple[Run, str]:
    """A function from the inputs of a graph file to its outputs, and what it is in words.

    Args:
        path: An ONNX file or the ``.xml`` of an IR.
        shapes: One for each input in the order of the file, with the batch in front.
        threads: For one operation.

    Returns:
        A function of a tuple of arrays in the order of the file, which gives copies of the outputs in the order of the
        file; and a phrase such as ``onnxruntime 1.32.0, optimisations off``.

    Raises:
        InputError: The file is damaged, or the shapes are not as many as the inputs.
        UnsupportedModelError: The runtime can't run it, or the model can't take these shapes.
    """
    if path.suffix.lower() != ".xml":
        described = describe_graph(path)
        check_shapes(described, shapes, path)
        if (runtime := _import_onnxruntime()) is not None:
            names = [spec.name for spec in described.inputs]
            return _run_onnx(runtime, path, names, threads), f"onnxruntime {runtime.__version__}, optimisations off"
    return _run_openvino(path, shapes, threads)


def _import_onnxruntime() -> Any:
    try:
        import onnxruntime  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    return onnxruntime


def _run_onnx(runtime: Any, path: Path, names: Sequence[str], threads: int) -> Run:
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.execution_mode = runtime.ExecutionMode.ORT_SEQUENTIAL
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = _ERRORS_ONLY
    # Weights are multiplied in the order in which they are stored.
    options.add_session_config_entry("session.disable_prepacking", "1")
    os.environ.pop(_SETTINGS_FROM_MODEL, None)
    try:
        session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no class in common
        raise UnsupportedModelError(
            f"ONNX Runtime can't run {path}: {telling_line(error)}; give another model"
        ) from error

    def run(arrays: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        fed = dict(zip(names, arrays, strict=True))
        return _copy(lambda: session.run(None, fed), path)

    return run


def _run_openvino(path: Path, shapes: Sequence[tuple[int, ...]], threads: int) -> tuple[Run, str]:
    graph = read_graph(path, shapes)
    described = describe_graph(path)
    ports = [graph.inputs.index(find_place(graph, described, index)) for index in range(len(shapes))]
    compiled = compile_literally(graph, threads)

    def run(arrays: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        fed = dict(zip(ports, arrays, strict=True))
        return _copy(lambda: compiled(fed).to_tuple(), path)

    return run, f"openvino {version('openvino')} in fp32, its own fusing on"


def _copy(run: Callable[[], Sequence[Any]], path: Path) -> tuple[np.ndarray, ...]:
    """The outputs of a run as arrays of their own."""
    try:
        outputs = run()
    except Exception as error:  # the runtimes' exceptions have no class in common
        raise UnsupportedModelError(
            f"{path} fails on its inputs: {telling_line(error)}; give another model or shape"
        ) from error
    return tuple(np.array(one) for one in outputs)
