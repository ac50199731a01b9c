"""An estimate as columns of a row, and back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from analysis.statistics.estimates import Estimate

if TYPE_CHECKING:
    from collections.abc import Mapping

_BOUNDS = ("", "_low", "_high")


def estimate_columns(estimate: Estimate, name: str, unit: str = "") -> dict[str, float]:
    """The value and its bounds, such as ``latency_s, latency_low_s, latency_high_s``; NaN where they do not exist."""
    numbers = (estimate.value, estimate.low, estimate.high)
    return {f"{name}{bound}{unit}": number for bound, number in zip(_BOUNDS, numbers, strict=True)}


def read_estimate(row: Mapping[Any, Any], name: str, unit: str = "") -> Estimate:
    """The estimate whose value and bounds are columns of a row, as `estimate_columns` names them."""
    numbers = (row[f"{name}{bound}{unit}"] for bound in _BOUNDS)
    value, low, high = (math.nan if number is None else float(number) for number in numbers)
    return Estimate(value=value, low=low, high=high)
