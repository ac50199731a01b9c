"""A finished study as one plain document: what is stored, drawn and written as CSV."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from analysis.rank.layers.bounds import mean_bounds
from analysis.rank.layers.columns import columns_of
from analysis.rank.layers.figure1 import distances, overlay
from analysis.statistics.intervals import mean_estimate, standard_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.rank.layers.study import LayerSample
    from analysis.rank.spectra.spectrum import Array


def describe(sample: LayerSample, name: str, exact: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """One protocol's part of the document.

    Args:
        sample: Sample of its networks.
        name: Name of the protocol.
        exact: Rows of `analysis.rank.layers.exact.compare_exactly`.
    """
    rows = overlay(sample)
    return {
        "name": name,
        "setting": sample.setting.as_dict(),
        "networks": sample.networks,
        "stopped_by": sample.stopped_by,
        "primary": dict(zip(("metric", "centring", "tolerance"), sample.setting.primary, strict=True)),
        "cells": cells_of(sample),
        "bounds": mean_bounds(sample),
        "overlay": [asdict(row) for row in rows],
        "distances": [asdict(one) for one in distances(rows)],
        "exact": list(exact),
    }


def cells_of(sample: LayerSample) -> list[dict[str, Any]]:
    """Every mean with its interval, and its paired difference to the reference activation with that interval.

    Returns:
        Rows ``block, activation, dimension_ratio, metric, centring, tolerance, networks, mean, se, low, high,
        difference, difference_se, difference_low, difference_high``; all means are shares of d_out.
    """
    setting, rows = sample.setting, []
    for block, values in sample.values.items():
        reference = _reference(sample, values)
        for position, ratio in enumerate(setting.ratios):
            for place, activation in enumerate(setting.activations):
                for number, column in enumerate(columns_of(setting)):
                    own = values[:, position, place, number]
                    mean = mean_estimate(own)
                    row = {
                        "block": block,
                        "activation": activation,
                        "dimension_ratio": ratio,
                        **asdict(column),
                        "networks": len(own),
                        "mean": mean.value,
                        "se": standard_error(own),
                        "low": mean.low,
                        "high": mean.high,
                    }
                    rows.append({**row, **_difference(own, reference, position, number)})
    return rows


def _reference(sample: LayerSample, values: Array) -> Array | None:
    names = sample.setting.activations
    return values[:, :, names.index(sample.setting.reference)] if sample.setting.reference in names else None


def _difference(own: Array, reference: Array | None, position: int, number: int) -> dict[str, float | None]:
    names = ("difference", "difference_se", "difference_low", "difference_high")
    if reference is None:
        return dict.fromkeys(names)
    differences = own - reference[:, position, number]
    mean = mean_estimate(differences)
    return dict(zip(names, (mean.value, standard_error(differences), mean.low, mean.high), strict=True))
