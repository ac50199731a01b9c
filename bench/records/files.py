"""Names of the files that one process prepares and the workers of a group read."""

from __future__ import annotations

import re

#: Weights of the model, which every backend loads.
WEIGHTS = "weights.safetensors"
#: Inputs, shape ``(batches, N, 3, H, W)``.
IMAGES = "images.npy"
#: Logits of the reference backend for these inputs, shape ``(batches, N, classes)``.
REFERENCE = "reference.npy"
#: Folder of other inputs, on which reduced precision is compared, with the outputs of the reference for them.
HELD_OUT = "held_out"
#: Labels of these inputs, shape ``(images,)``, where they are known.
LABELS = "labels.npy"


def as_folder(name: str) -> str:
    """The name as that of a folder: one that comes from a store or an option must lead nowhere else."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name).lstrip(".") or "_"
