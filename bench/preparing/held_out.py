"""Inputs that no calibration has seen, on which reduced precision is compared with the reference."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.preparing.reference import compute_reference
from bench.records.files import HELD_OUT, LABELS, REFERENCE
from bench.records.inputs import name_input

if TYPE_CHECKING:
    from bench.preparing.calibration import Drawn
    from bench.preparing.task import Task


def dump_held_out(task: Task, held_out: Drawn, call: Any) -> None:
    """Write the inputs in batches, the outputs of the reference for them, and their labels where they are known."""
    folder = task.folder / HELD_OUT
    folder.mkdir(exist_ok=True)
    outputs, files, widths = [], list[Any](), list[int]()
    count = math.ceil(held_out.count / task.batch)
    for index, batch in enumerate(held_out.split(task.batch)):
        if not files:
            files = [
                np.lib.format.open_memmap(
                    folder / name_input(place), mode="w+", dtype=values.dtype, shape=(count, *values.shape)
                )
                for place, values in enumerate(batch)
            ]
        for file, values in zip(files, batch, strict=True):
            file[index] = values
        output, widths = compute_reference(call, [values[None] for values in batch], audit=False)
        outputs.append(output[0])
    np.save(folder / REFERENCE, np.stack(outputs))
    if held_out.labels and held_out.classes in {0, widths[0]} and max(held_out.labels) < widths[0]:
        np.save(folder / LABELS, np.array(held_out.labels, np.int64))
