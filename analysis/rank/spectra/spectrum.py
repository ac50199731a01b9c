"""A spectrum as a plain record: what every metric at every tolerance can be computed from again, without the data."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Centring = Literal["uncentred", "centred"]
CENTRINGS: tuple[Centring, ...] = get_args(Centring)

#: Machine epsilon (distance from 1 to the next number) of the types features are computed in.
PRODUCER_EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}

#: Below this many rows per channel a rank is partly a matter of sampling.
ENOUGH_ROWS_PER_CHANNEL = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectrum:
    """Singular values of a feature matrix Y of shape (N, C), centred and uncentred, and their accuracy.

    Args:
        channels: C.
        rows: N, of the finite rows.
        uncentred: Singular values of Y, shape (C,), descending, zeros where N < C.
        centred: Those of Y minus the mean of each column, shape (C,).
        mean: Mean of each column, shape (C,).
        std: Standard deviation of each column, dividing by N, shape (C,).
        producer: The type the features were computed in (a key of `PRODUCER_EPS`); its rounding limits what they
            say, whatever type the singular values were computed in.
        noise: Spectral norm of Y minus the same features computed in float64; None where that was not done.
        nonfinite_rows: Rows that held NaN or infinity. With one of them, all singular values are NaN.
        dead_channels: Columns that never change.
        duplicate_channels: Columns whose correlation with an earlier one is beyond 1 - 1e-6 in absolute value.
    """

    channels: int
    rows: int
    uncentred: Array
    centred: Array
    mean: Array
    std: Array
    producer: str
    noise: float | None = None
    nonfinite_rows: int = 0
    dead_channels: int = 0
    duplicate_channels: int = 0

    @property
    def eps(self) -> float:
        """Machine epsilon of the type the features were computed in."""
        return PRODUCER_EPS[self.producer]

    def values(self, centring: Centring) -> Array:
        """The singular values, shape (C,), descending.

        Raises:
            InputError: `centring` is neither ``centred`` nor ``uncentred``.
        """
        if centring not in CENTRINGS:
            raise InputError(f"a spectrum is {' or '.join(CENTRINGS)}; got {centring!r}")
        return self.centred if centring == "centred" else self.uncentred

    def flags(self) -> tuple[str, ...]:
        """Doubts about the spectrum as a whole.

        ``non_finite``: the features held NaN or infinity. ``zero_matrix``: all of them are zero. ``sample_limited``:
        N - 1 < C, so that the rank of the centred matrix can't reach C. ``few_rows``: fewer than 4 C rows.
        """
        flags = []
        if self.nonfinite_rows:
            flags.append("non_finite")
        elif not self.uncentred.any():
            flags.append("zero_matrix")
        if self.rows - 1 < self.channels:
            flags.append("sample_limited")
        elif self.rows < ENOUGH_ROWS_PER_CHANNEL * self.channels:
            flags.append("few_rows")
        return tuple(flags)

    def as_dict(self) -> dict[str, Any]:
        """Plain values; `from_dict` is the way back."""
        values = {spec.name: getattr(self, spec.name) for spec in fields(self)}
        return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in values.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Spectrum:
        """The spectrum that `as_dict` made plain; a null among the numbers is NaN."""
        arrays = {name: np.array(data[name], dtype=np.float64) for name in ("uncentred", "centred", "mean", "std")}
        return cls(**{**data, **arrays})
