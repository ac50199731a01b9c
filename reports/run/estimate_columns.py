"""An estimate as columns of a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.statistics.estimates import Estimate


def estimate_columns(estimate: Estimate, name: str, unit: str = "") -> dict[str, float]:
    """Its value and bounds, such as ``latency_s, latency_low_s, latency_high_s``; NaN where they do not exist."""
    return {f"{name}{unit}": estimate.value, f"{name}_low{unit}": estimate.low, f"{name}_high{unit}": estimate.high}
