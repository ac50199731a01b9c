"""The outputs that every backend is compared with, and whether the model gives outputs that can be compared at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bench.records.outputs import flatten, measure_widths
from rexnet_core.errors import ModelError, UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    #: Computes the outputs for one batch of each input.
    Call = Callable[[Sequence[npt.NDArray[Any]]], Sequence[npt.NDArray[Any]]]


def compute_reference(
    call: Call, inputs: Sequence[npt.NDArray[Any]], *, audit: bool
) -> tuple[npt.NDArray[np.float32], list[int]]:
    """The reference outputs of all batches, shape ``(batches, N, values)``, and how many values each output has.

    Args:
        call: The reference.
        inputs: Each of shape ``(batches, N, ...)``.
        audit: Whether the model may be one whose outputs can't be compared; ours never are.

    Raises:
        ModelError: The outputs are random, depend on earlier calls, change their shape, or are no numbers, or the
            model changes its inputs.
        UnsupportedModelError: There is no output that is a tensor, or one without values.
    """
    batches, batch = inputs[0].shape[:2]
    rows: list[npt.NDArray[np.float32]] = []
    widths: list[int] = []
    for index in range(batches):
        batch_of_each = [values[index] for values in inputs]
        outputs = _call_watched(call, batch_of_each) if audit else call(batch_of_each)
        if not outputs:
            raise UnsupportedModelError(
                "the model's output holds no tensor; outputs must be tensors, or tuples of them"
            )
        if widths and (now := measure_widths(outputs, batch)) != widths:
            raise ModelError(
                f"the model's output changes its size with the input: {_join(widths)} values, then {_join(now)}"
            )
        widths = measure_widths(outputs, batch)
        if not all(widths):
            raise UnsupportedModelError("the model's output holds a tensor without values; each must have some")
        rows.append(flatten(outputs, batch))
        if audit:
            _check_finite(rows[-1])
    if audit:
        _check_repeats(rows[0], flatten(call([values[0] for values in inputs]), batch))
    return np.stack(rows), widths


def _call_watched(call: Call, inputs: Sequence[npt.NDArray[Any]]) -> Sequence[npt.NDArray[Any]]:
    """The outputs of a call on copies, which must be as they were afterwards."""
    given = [values.copy() for values in inputs]
    outputs = call(given)
    if any(not np.array_equal(one, other) for one, other in zip(given, inputs, strict=True)):
        raise ModelError(
            "the model writes into its input, so that a second call would compute on other numbers; "
            "let it copy the input before changing it"
        )
    return outputs


def _check_finite(row: npt.NDArray[np.float32]) -> None:
    if not np.isfinite(row).all():
        share = 1 - float(np.isfinite(row).mean())
        raise ModelError(f"the model's output has NaN or infinite values, {share:.0%} of all; they can't be compared")


def _check_repeats(first: npt.NDArray[np.float32], again: npt.NDArray[np.float32]) -> None:
    """Check that a call gives what it gave before; threads may add in another order."""
    if first.shape != again.shape or not np.allclose(first, again, rtol=1e-3, atol=1e-4 * float(np.abs(first).max())):
        raise ModelError(
            "the model gives another output for the same input when it is called again: it is random, as with dropout "
            "left on, or keeps something from call to call"
        )


def _join(widths: Sequence[int]) -> str:
    return " and ".join(map(str, widths))
