"""Latency under load: how long a request takes while others are in flight. Derived from the raw times, never stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from analysis.statistics.estimates import Estimate
from bench.statistics.summary import estimate_latency, percentile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.records.measurement import Round


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLatency:
    """Time from the start of a request to its end, waiting included.

    Args:
        latency: Median over process rounds of the per-round medians [s].
        p95_s: 95th percentile of all requests [s]; None where they are too few.
        requests: Their number; 0 in the latency scenario, where no request is timed by itself.
    """

    latency: Estimate = field(default_factory=lambda: Estimate(reason="no request was timed by itself"))
    p95_s: float | None = None
    requests: int = 0


def estimate_load(rounds: Sequence[Round]) -> LoadLatency:
    """The latency under load in some process rounds."""
    times_s = [[np.asarray(turn, dtype=float) for turn in each.requests_s if len(turn)] for each in rounds]
    times_s = [turns for turns in times_s if turns]
    if not times_s:
        return LoadLatency()
    pooled = np.sort(np.concatenate([turn for turns in times_s for turn in turns]))
    return LoadLatency(latency=estimate_latency(times_s), p95_s=percentile(pooled, 95), requests=len(pooled))
