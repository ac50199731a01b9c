"""The formulas of the metrics, over the last axis of singular values s of shape (..., C), descending, not all zero."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from analysis.rank.spectra.spectrum import Array

_RANKME_EPS = 1e-7
_MAJORITY = 0.99
#: A running sum may miss the whole by its rounding; what it should reach is lowered by that.
_SUM_ROUNDING = 1e-12
#: The part of a spectrum that a power law is fitted to, without its head (signal) and its tail (noise).
_FIT_FROM, _FIT_TO = 0.05, 0.5
_LEAST_FIT = 8


def effective_rank(s: Array, _rows: int) -> Array:
    """Exponential of the entropy of s / sum s."""
    return _perplexity(s)


def rankme(s: Array, _rows: int) -> Array:
    """The effective rank with 1e-7 added to every share, as published."""
    shares = s / s.sum(axis=-1, keepdims=True) + _RANKME_EPS
    return np.asarray(np.exp(-(shares * np.log(shares)).sum(axis=-1)))


def vn_rank(s: Array, _rows: int) -> Array:
    """Exponential of the entropy of s^2 / sum s^2."""
    return _perplexity(_squares(s))


def stable_rank(s: Array, _rows: int) -> Array:
    """Sum s^2 / s_1^2."""
    return np.asarray(_squares(s).sum(axis=-1))


def participation_ratio(s: Array, _rows: int) -> Array:
    """(sum lambda)^2 / sum lambda^2."""
    squares = _squares(s)
    return np.asarray(squares.sum(axis=-1) ** 2 / (squares**2).sum(axis=-1))


def participation_ratio_corrected(s: Array, rows: int) -> Array:
    """The participation ratio of the population: the naive one falls short by about 1/N + 1/C, which this undoes.

    NaN with fewer than three rows, or where the estimate of the squared trace is not positive.
    """
    n = rows - 1
    if n < 2:  # noqa: PLR2004 - the estimate divides by n - 1
        return np.full(s.shape[:-1], math.nan)
    squares = _squares(s)
    trace, trace_of_square = squares.sum(axis=-1), (squares**2).sum(axis=-1)
    b: Array = n**2 / ((n - 1) * (n + 2)) * (trace_of_square - trace**2 / n)
    a = trace**2 - 2 * b / n
    return np.asarray(np.divide(a, b, out=np.full_like(np.asarray(a), math.nan), where=b > 0))


def nuclear_norm(s: Array, _rows: int) -> Array:
    """Sum s."""
    return np.asarray(s.sum(axis=-1))


def nuclear_norm_per_root_row(s: Array, rows: int) -> Array:
    """Sum s / sqrt(N)."""
    return np.asarray(s.sum(axis=-1) / math.sqrt(rows))


def nuclear_over_largest(s: Array, _rows: int) -> Array:
    """Sum s / s_1."""
    return np.asarray(s.sum(axis=-1) / s[..., 0])


def nuclear_over_frobenius(s: Array, _rows: int) -> Array:
    """Sum s / sqrt(sum s^2)."""
    scaled = s / s[..., :1]
    return np.asarray(scaled.sum(axis=-1) / np.sqrt((scaled**2).sum(axis=-1)))


def k90(s: Array, _rows: int) -> Array:
    """How many leading directions hold 90 % of sum s^2."""
    return _reach(_squares(s), 0.9)


def k95(s: Array, _rows: int) -> Array:
    """How many leading directions hold 95 % of sum s^2."""
    return _reach(_squares(s), 0.95)


def k99(s: Array, _rows: int) -> Array:
    """How many leading directions hold 99 % of sum s^2."""
    return _reach(_squares(s), _MAJORITY)


def saturation(s: Array, rows: int) -> Array:
    """k99 / C."""
    return np.asarray(k99(s, rows) / s.shape[-1])


def srank(s: Array, _rows: int) -> Array:
    """Leading directions that hold 99 % of sum s."""
    return _reach(s, _MAJORITY)


def alpha(s: Array, _rows: int) -> Array:
    """Exponent of the decay of the spectrum; NaN where fewer than 8 positive values lie in the fitted range."""
    return _fit(s)[0]


def alpha_r2(s: Array, _rows: int) -> Array:
    """How much of the variation of log lambda the fit explains."""
    return _fit(s)[1]


def _squares(s: Array) -> Array:
    """s^2 over s_1^2: the scale goes before the square, which could overflow."""
    return (s / s[..., :1]) ** 2


def _perplexity(weights: Array) -> Array:
    shares = weights / weights.sum(axis=-1, keepdims=True)
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.asarray(np.exp(-(shares * logs).sum(axis=-1)))


def _reach(weights: Array, share: float) -> Array:
    sums = np.cumsum(weights, axis=-1)
    wanted = share * sums[..., -1:] * (1 - _SUM_ROUNDING)
    return np.asarray((sums < wanted).sum(axis=-1) + 1, dtype=np.float64)


def _fit(s: Array) -> tuple[Array, Array]:
    channels = s.shape[-1]
    places = np.arange(math.ceil(_FIT_FROM * channels), math.floor(_FIT_TO * channels) + 1)
    places = places[places >= 1]
    chosen = s[..., places - 1]
    usable = len(places) >= _LEAST_FIT and (chosen > 0).all(axis=-1)
    y = 2 * np.log(np.where(chosen > 0, chosen, 1.0))
    x = np.log(places) - np.log(places).mean() if len(places) else np.zeros(0)
    y = y - (y.mean(axis=-1, keepdims=True) if len(places) else 0)
    spread, total = (x**2).sum(), (y**2).sum(axis=-1)
    slope = (x * y).sum(axis=-1) / spread if spread else np.zeros(s.shape[:-1])
    explained = np.divide(slope**2 * spread, total, out=np.full_like(np.asarray(total), math.nan), where=total > 0)
    return np.where(usable, -slope, math.nan), np.where(usable, explained, math.nan)
