"""Names of the files that one process prepares and the workers of a group read."""

from __future__ import annotations

#: Weights of the model, which every backend loads.
WEIGHTS = "weights.safetensors"
#: Inputs, shape ``(batches, N, 3, H, W)``.
IMAGES = "images.npy"
#: Logits of the reference backend for these inputs, shape ``(batches, N, classes)``.
REFERENCE = "reference.npy"
