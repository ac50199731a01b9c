"""A graph file made ready: converted for each backend, and as a reference that runs as literally as can be."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.preparing.task import keep_finite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.preparing.reference import Call
    from bench.preparing.task import Task


def call_literally(task: Task) -> tuple[Call, str]:
    """The reference of a graph, and what a row calls it."""
    from analysis.graphs.literal_run import open_literal  # noqa: PLC0415 - imports the runtimes

    run, words = open_literal(Path(task.model), [(task.batch, *shape) for shape in task.shapes])

    def call(inputs: Sequence[Any]) -> Sequence[Any]:
        outputs: Sequence[Any] = run(tuple(inputs))
        return outputs

    return call, words


def export_graph(task: Task, open_export: Any) -> Mapping[str, float]:
    """Write the files of a backend from the file of a graph; the times it took [s], imports not included."""
    export = open_export()
    begun = time.perf_counter()
    examples = tuple(np.zeros((task.batch, *shape), kind) for shape, kind in zip(task.shapes, task.types, strict=True))
    export(Path(task.model), examples, task.folder)
    return {"build_s": 0.0, "convert_s": time.perf_counter() - begun}


def quantize_graph(task: Task, open_quantize: Any, batches: Sequence[Any]) -> Mapping[str, Any]:
    """Write the int8 form of a graph for a backend; the time it took [s], imports not included, and its layers."""
    quantize = open_quantize()
    begun = time.perf_counter()
    layers = quantize(Path(task.model), batches, task.folder)
    return {"quantize_s": time.perf_counter() - begun, "layers": keep_finite(layers)}
