"""Outputs of any model as numbers that can be compared: tensors, and tuples, lists and tables of tensors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt


def list_tensors(output: object) -> Iterator[Any]:
    """The arrays or tensors in an output, in the order in which they stand there; all else is left out."""
    if isinstance(output, dict):
        output = tuple(output.values())
    if isinstance(output, list | tuple):
        for part in output:
            yield from list_tensors(part)
    elif hasattr(output, "shape") and hasattr(output, "dtype"):
        yield output


def flatten(outputs: Sequence[npt.NDArray[Any]], batch: int) -> npt.NDArray[np.float32]:
    """All outputs of a call side by side.

    Args:
        outputs: Arrays of any shape, most with the batch first.
        batch: Images of the call.

    Returns:
        Shape ``(batch, values)``; what is one for all images stands beside each of them.
    """
    rows = [np.asarray(one, dtype=np.float32) for one in outputs]
    return np.concatenate([_spread(one, batch) for one in rows], axis=1)


def _spread(values: npt.NDArray[np.float32], batch: int) -> npt.NDArray[np.float32]:
    if values.ndim and values.shape[0] == batch:
        return values.reshape(batch, math.prod(values.shape[1:]))
    return np.tile(values.reshape(1, -1), (batch, 1))


def measure_widths(outputs: Sequence[npt.NDArray[Any]], batch: int) -> list[int]:
    """How many values of each row that `flatten` makes come from each output."""
    return [_spread(np.asarray(one, dtype=np.float32), batch).shape[1] for one in outputs]
