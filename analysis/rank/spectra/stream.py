"""Both spectra of a feature matrix from one pass over its rows, in bounded memory.

Rows are collected as [1 | Y] and folded by QR into one triangular factor R of shape (C + 1, C + 1), in float64:
R^T R = [1 | Y]^T [1 | Y]. Then sigma(R[:, 1:]) are the singular values of Y, and sigma(R[1:, 1:]) those of Y minus its
column means, without a subtraction that could cancel and without squaring the condition number, as a sum of x x^T
does. Folding is associative: batches, their order and the worker they came from leave the result the same up to
rounding.

Source:
    Golub and Van Loan, Matrix Computations, section 5.2 (QR); Demmel, Grigori, Hoemmen and Langou, Communication-
    optimal parallel and sequential QR and LU factorizations, SIAM J. Sci. Comput. 34 (2012) (folding); that the first
    column takes the mean out is the Frisch-Waugh-Lovell theorem.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from analysis.rank.spectra.spectrum import PRODUCER_EPS, Spectrum
from rexnet_core.errors import InputError

#: Rows are folded once this many per channel wait: fewer calls of QR are cheaper, more rows take more memory.
_FOLD_ROWS_PER_CHANNEL = 2
_LEAST_FOLD_ROWS = 512
#: Channels with a correlation beyond this say the same.
_SAME = 1 - 1e-6
#: Deviation over mean at which a channel is constant but for the rounding of the fold itself.
_CONSTANT = 1e-13


class SpectrumStream:
    """Takes the rows of a feature matrix batch by batch and keeps one triangular factor of them.

    Args:
        channels: C, at least 1.
        producer: The type the features were computed in. Half precision and bfloat16 are widened before anything is
            computed, but what they lost is lost: the producer's epsilon goes with the spectrum.
        fold_rows: Rows that wait at most; by default 2 C, at least 512.
    """

    def __init__(self, channels: int, *, producer: torch.dtype = torch.float32, fold_rows: int | None = None) -> None:
        self.channels = channels
        self.producer = str(producer).removeprefix("torch.")
        if channels < 1:
            raise InputError(f"features need at least one channel; got {channels}")
        if self.producer not in PRODUCER_EPS:
            raise InputError(f"features are floating point ({', '.join(PRODUCER_EPS)}); got {self.producer}")
        self._fold_rows = fold_rows or max(_LEAST_FOLD_ROWS, _FOLD_ROWS_PER_CHANNEL * channels)
        self._factor = torch.zeros(0, channels + 1, dtype=torch.float64)
        # One block for all waiting rows: thousands of small tensors that live this long would leave the heap in holes.
        self._waiting = torch.empty(0, channels, dtype=producer)
        self._waiting_rows = 0
        self.rows = 0
        self._nonfinite_rows = 0
        self._low = torch.full((channels,), math.inf, dtype=torch.float64)
        self._high = torch.full((channels,), -math.inf, dtype=torch.float64)
        self._noise_gram: torch.Tensor | None = None
        self._exact_rows = 0

    def add(self, rows: torch.Tensor, exact: torch.Tensor | None = None) -> None:
        """Take rows; they are copied, so that the caller may write over them.

        Args:
            rows: Shape (n, C), in the producer's type.
            exact: These rows computed in float64, shape (n, C), for the certified tolerance; then for every batch.

        Raises:
            InputError: The shape is another.
        """
        for given in (rows, exact):
            if given is not None and (given.dim() != 2 or given.shape[1] != self.channels):  # noqa: PLR2004 - a matrix
                raise InputError(f"rows need shape (n, {self.channels}); got {tuple(given.shape)}")
        rows = rows.detach().cpu()
        finite = torch.isfinite(rows).all(dim=1)
        if not bool(finite.all()):
            self._nonfinite_rows += int((~finite).sum())
            rows = rows[finite]
            exact = None if exact is None else exact[finite.to(exact.device)]
        if not len(rows):
            return
        self._low = torch.minimum(self._low, rows.amin(dim=0).double())
        self._high = torch.maximum(self._high, rows.amax(dim=0).double())
        if exact is not None:
            self._add_noise(rows.double() - exact.detach().cpu().double())
        self.rows += len(rows)
        self._wait(rows)

    def _wait(self, rows: torch.Tensor) -> None:
        """Copy rows to those that wait, and fold whenever there is no more room: always after as many rows."""
        if not len(self._waiting):
            self._waiting = torch.empty(self._fold_rows, self.channels, dtype=rows.dtype)
        while len(rows):
            fitting = rows[: self._fold_rows - self._waiting_rows]
            self._waiting[self._waiting_rows : self._waiting_rows + len(fitting)] = fitting
            self._waiting_rows += len(fitting)
            rows = rows[len(fitting) :]
            if self._waiting_rows == self._fold_rows:
                self._fold()

    def _add_noise(self, error: torch.Tensor) -> None:
        # Only the largest singular value is wanted, which the squared matrix gives to full precision.
        gram = error.T @ error
        self._noise_gram = gram if self._noise_gram is None else self._noise_gram + gram
        self._exact_rows += len(error)

    def _fold(self) -> None:
        if not self._waiting_rows:
            return
        stacked = torch.ones(len(self._factor) + self._waiting_rows, self.channels + 1, dtype=torch.float64)
        stacked[: len(self._factor)] = self._factor
        stacked[len(self._factor) :, 1:] = self._waiting[: self._waiting_rows]
        self._factor = torch.linalg.qr(stacked, mode="r").R
        self._waiting_rows = 0

    def merge(self, other: SpectrumStream) -> None:
        """Take all rows that another stream took.

        Raises:
            InputError: Its channels or its producer differ.
        """
        if (other.channels, other.producer) != (self.channels, self.producer):
            raise InputError(
                f"streams merge with equal channels and types; got {self.channels} {self.producer} "
                f"and {other.channels} {other.producer}"
            )
        self._fold()
        other._fold()
        self._factor = torch.linalg.qr(torch.cat([self._factor, other._factor]), mode="r").R
        self.rows += other.rows
        self._nonfinite_rows += other._nonfinite_rows
        self._low = torch.minimum(self._low, other._low)
        self._high = torch.maximum(self._high, other._high)
        grams = [one for one in (self._noise_gram, other._noise_gram) if one is not None]
        self._noise_gram = torch.stack(grams).sum(dim=0) if grams else None
        self._exact_rows += other._exact_rows

    def finish(self) -> Spectrum:
        """The spectra of all rows so far; more may follow.

        Raises:
            InputError: No row was added.
        """
        if not self.rows and not self._nonfinite_rows:
            raise InputError("a spectrum needs at least one row of features; got none")
        if self._nonfinite_rows:
            return self._unusable()
        self._fold()
        self._waiting = self._waiting[:0].clone()
        uncentred = torch.linalg.svdvals(self._factor[:, 1:])
        centred_factor = self._factor[1:, 1:]
        centred = torch.linalg.svdvals(centred_factor) if len(centred_factor) else torch.zeros(0, dtype=torch.float64)
        mean = self._factor[0, 1:] / self._factor[0, 0]
        std = torch.linalg.vector_norm(centred_factor, dim=0) / math.sqrt(self.rows)
        dead = self._low == self._high
        return Spectrum(
            channels=self.channels,
            rows=self.rows,
            uncentred=_pad(uncentred, self.channels),
            centred=_pad(centred, self.channels),
            mean=mean.numpy(),
            std=torch.where(dead, 0.0, std).numpy(),
            producer=self.producer,
            noise=self._noise(),
            dead_channels=int(dead.sum()),
            duplicate_channels=_count_duplicates(centred_factor, ~dead & (std > _CONSTANT * mean.abs())),
        )

    def _noise(self) -> float | None:
        if self._noise_gram is None or self._exact_rows != self.rows:
            return None
        return math.sqrt(max(0.0, float(torch.linalg.eigvalsh(self._noise_gram)[-1])))

    def _unusable(self) -> Spectrum:
        nothing = np.full(self.channels, math.nan)
        return Spectrum(
            channels=self.channels,
            rows=self.rows,
            uncentred=nothing,
            centred=nothing,
            mean=nothing,
            std=nothing,
            producer=self.producer,
            nonfinite_rows=self._nonfinite_rows,
        )


def spectrum_of(features: torch.Tensor, exact: torch.Tensor | None = None) -> Spectrum:
    """The spectra of a feature matrix that is in memory.

    Args:
        features: Shape (N, C), of the type it was computed in.
        exact: These features computed in float64, for the certified tolerance.

    Raises:
        InputError: It is no matrix, has no row or no channel, or is not floating point.
    """
    if features.dim() != 2:  # noqa: PLR2004 - a matrix
        raise InputError(f"features need shape (N, C); got {tuple(features.shape)}")
    stream = SpectrumStream(features.shape[1], producer=features.dtype)
    stream.add(features, exact)
    return stream.finish()


def _pad(values: torch.Tensor, channels: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    padded = np.zeros(channels)
    padded[: len(values)] = values.numpy()[:channels]
    return padded


def _count_duplicates(factor: torch.Tensor, live: torch.Tensor) -> int:
    """Live columns, mask of shape (C,), that are a multiple, up to a shift, of an earlier live one."""
    columns = factor[:, live]
    if columns.shape[1] < 2 or not len(columns):  # noqa: PLR2004 - it takes two to be alike
        return 0
    unit = columns / torch.linalg.vector_norm(columns, dim=0)
    alike = (unit.T @ unit).abs() > _SAME
    return int(torch.triu(alike, diagonal=1).any(dim=0).sum())
