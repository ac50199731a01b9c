"""Which numbers the study takes of every feature matrix, and how they are computed for all activations at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.rank.spectra.metrics import METRICS
from analysis.rank.spectra.tolerance import parse_tolerance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analysis.rank.layers.setting import LayerSetting
    from analysis.rank.spectra.spectrum import Array, Centring

#: Measures that count directions and need no tolerance; all are given as a share of d_out.
_FREE = ("effective_rank", "vn_rank", "stable_rank", "participation_ratio", "nuclear_over_largest")
#: Share of channels that never change: the mechanism behind most of ReLU's missing rank.
DEAD = "dead_channels"


@dataclass(frozen=True, slots=True)
class Column:
    """One number per feature matrix.

    Args:
        metric: ``rank``, a measure, or `DEAD`.
        centring: Which spectrum; empty for `DEAD`.
        tolerance: Tolerance of a rank; empty for others.
    """

    metric: str
    centring: str = ""
    tolerance: str = ""


def columns_of(setting: LayerSetting) -> list[Column]:
    """The columns of a setting, in an order that does not depend on which of them is the primary one."""
    columns: list[Column] = []
    for centring in setting.centrings:
        columns += [Column("rank", centring, tolerance) for tolerance in setting.tolerances]
        columns += [Column(metric, centring) for metric in _FREE]
    return [*columns, Column(DEAD)]


def measure_columns(
    setting: LayerSetting, spectra: Mapping[Centring, Array], dead: Array, *, rows: int, eps: float
) -> Array:
    """All columns for a stack of matrices, as a share of d_out.

    Args:
        setting: Whose columns.
        spectra: Centring to singular values of shape (A, C).
        dead: Channels that never change, shape (A,).
        rows: N.
        eps: Machine epsilon of the type the features were computed in.

    Returns:
        Shape (A, columns).
    """
    channels = spectra["uncentred"].shape[-1]
    columns = []
    for column in columns_of(setting):
        if column.metric == DEAD:
            columns.append(dead / channels)
            continue
        values: Array = spectra[column.centring]  # type: ignore[index]
        if column.metric != "rank":
            columns.append(_measure(column.metric, values, rows) / channels)
            continue
        tolerance = parse_tolerance(column.tolerance)
        scale = spectra["uncentred"] if tolerance.scales_with_uncentred else values
        cut = tolerance.factor(rows, channels, eps) * scale[:, :1]
        columns.append((values > cut).sum(axis=-1) / channels)
    return np.stack(columns, axis=-1)


def _measure(metric: str, values: Array, rows: int) -> Array:
    """A measure over the last axis; 0 for a matrix of zeros."""
    alive = values[:, 0] > 0
    result = np.zeros(len(values))
    if alive.any():
        result[alive] = METRICS[metric].compute(values[alive], rows)
    return result
