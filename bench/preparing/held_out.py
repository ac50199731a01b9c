"""Inputs that no calibration has seen, on which reduced precision is compared with the reference."""

from __future__ import annotations

import math
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from bench.preparing.reference import compute_reference
from bench.records.files import HELD_OUT, LABELS, REFERENCE
from bench.records.inputs import name_input

if TYPE_CHECKING:
    from pathlib import Path

    from bench.preparing.calibration import Drawn
    from bench.preparing.task import Task


def dump_held_out(task: Task, held_out: Drawn, call: Any) -> str:
    """Write the inputs in batches, the outputs of the reference for them, and their labels where they are known.

    Returns:
        What to say behind the words of the images where their classes are not those of the model; else nothing.
    """
    folder = task.folder / HELD_OUT
    folder.mkdir(exist_ok=True)
    outputs, widths = [], list[int]()
    count = math.ceil(held_out.count / task.batch)
    with ExitStack() as files:
        opened: list[BinaryIO] = []
        for batch in held_out.split(task.batch):
            if not opened:
                opened = [files.enter_context((folder / name_input(place)).open("wb")) for place in range(len(batch))]
                for file, values in zip(opened, batch, strict=True):
                    _write_header(file, (count, *values.shape), values.dtype)
            for file, values in zip(opened, batch, strict=True):
                # Not through a mapped file: on a full disk that would end the process without a word.
                file.write(np.ascontiguousarray(values).tobytes())
            output, widths = compute_reference(call, [values[None] for values in batch], audit=False)
            outputs.append(output[0])
    np.save(folder / REFERENCE, np.stack(outputs))
    return _dump_labels(folder, held_out, widths[0])


def _write_header(file: BinaryIO, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    described = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, described)


def _dump_labels(folder: Path, held_out: Drawn, outputs: int) -> str:
    """Write the labels where they fit the outputs of the model; what to say where they don't."""
    if not held_out.labels:
        return ""
    if held_out.classes not in {0, outputs} or max(held_out.labels) >= outputs:
        return f", whose {held_out.classes or max(held_out.labels) + 1} classes are not the model's {outputs} outputs"
    np.save(folder / LABELS, np.array(held_out.labels, np.int64))
    return ""
