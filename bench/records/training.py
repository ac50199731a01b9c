"""What a training step is, so that every backend and the reference take the same; numbers and names, no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: Parts of a step in their order: the forward pass with its loss, the backward pass, and the optimiser's update.
PARTS = ("forward", "backward", "optimizer")
#: Precisions in which a step can be taken: fp32, and bf16 by autocast, which keeps weights and their updates in fp32.
TRAINED_PRECISIONS = ("fp32", "bf16")
#: Steps that are compared with the reference: the second shows the first update, the third the momentum.
STEPS = 3
MOMENTUM = 0.9
#: Learning rate by precision. Training carries a rounding error on from step to step, the further the larger the steps
#: are, so those of fp32 are small: at 1e-5 to 1e-4 eager with other threads or another layout differs by 0.02 to 5 % of
#: what an update changes, at 1e-3 by up to half of it. In bf16 a change must be larger than the rounding of one forward
#: pass, which is 6 to 11 % of the largest logit.
LEARNING_RATES = {"fp32": 3e-5, "bf16": 1e-2}
#: Outputs that the steps would have if no weight ever changed.
FROZEN = "frozen.npy"


def training_folder(assets: Path, precision: str) -> Path:
    """Where the inputs of the steps, the labels as their last, and the outputs of the reference are."""
    return assets / f"training-{precision}"
