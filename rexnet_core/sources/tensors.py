"""What is known of a tensor that goes into a model or comes out of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """A tensor by name, shape and type.

    Args:
        name: As the model calls it.
        shape: Batch first; None where a dimension is dynamic.
        dtype: As numpy writes it, such as ``float32``.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str
