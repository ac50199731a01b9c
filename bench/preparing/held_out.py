"""Inputs that no calibration has seen, on which reduced precision is compared with the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bench.preparing.reference import compute_reference
from bench.records.files import HELD_OUT, LABELS, REFERENCE
from bench.records.inputs import dump_inputs

if TYPE_CHECKING:
    from bench.preparing.calibration import Drawn
    from bench.preparing.task import Task


def dump_held_out(task: Task, held_out: Drawn, call: Any) -> None:
    """Write the inputs in batches, the outputs of the reference for them, and their labels where they are known."""
    folder = task.folder / HELD_OUT
    folder.mkdir(exist_ok=True)
    batches = held_out.split(task.batch)
    inputs = [np.stack(values) for values in zip(*batches, strict=True)]
    dump_inputs(folder, inputs)
    outputs, widths = compute_reference(call, inputs, audit=False)
    np.save(folder / REFERENCE, outputs)
    if held_out.labels and held_out.classes in {0, widths[0]} and max(held_out.labels) < widths[0]:
        np.save(folder / LABELS, np.array(held_out.labels, np.int64))
