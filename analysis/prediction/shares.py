"""From the outputs of a classifier to the probabilities of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

#: How far the sum of probabilities may be from 1: a softmax in reduced precision rounds each of 1000.
_SUM_ERROR = 0.01


def are_shares(outputs: torch.Tensor) -> bool:
    """Whether outputs of shape (N, classes) are probabilities already, as of a file with a softmax at its end."""
    sums_to_one = (outputs.double().sum(1) - 1).abs() < _SUM_ERROR
    return bool(((outputs >= 0) & (outputs <= 1)).all() and sums_to_one.all())


def to_shares(outputs: torch.Tensor, *, done: bool) -> torch.Tensor:
    """Probabilities of shape (N, classes) in float64; `done` where the outputs are."""
    return outputs.double() if done else outputs.double().softmax(1)
