"""Latency under load: how long a request takes while others are in flight. Derived from the raw times, never stored."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.statistics.intervals import effective_count, median_interval
from bench.statistics.summary import percentile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.records.measurement import Measurement, Round


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLatency:
    """Time from the start of a request to its end, waiting included.

    Args:
        median_s: Median over process rounds of the per-round medians [s]; NaN without requests.
        low_s: Lower bound of its 95 % interval [s].
        high_s: Upper bound [s].
        p95_s: 95th percentile of all requests [s]; None where they are too few.
        requests: Their number.
        reason: Why there is no interval; empty where there is one.
    """

    median_s: float = math.nan
    low_s: float = math.nan
    high_s: float = math.nan
    p95_s: float | None = None
    requests: int = 0
    reason: str = ""


def under_load(measurement: Measurement) -> LoadLatency:
    """The latency under load of a case; nothing where no request was timed, as in the latency scenario."""
    return load_of_rounds(measurement.rounds)


def load_of_rounds(rounds: Sequence[Round]) -> LoadLatency:
    """The latency under load in some process rounds."""
    turns = [[np.asarray(turn, dtype=float) for turn in one.requests_s if len(turn)] for one in rounds]
    turns = [one for one in turns if one]
    if not turns:
        return LoadLatency(reason="no request was timed by itself")
    values = [np.concatenate(one) for one in turns]
    interval = median_interval(values, [effective_count(one) for one in turns])
    pooled = np.sort(np.concatenate(values))
    return LoadLatency(
        median_s=float(np.median([np.median(one) for one in values])),
        low_s=interval.low,
        high_s=interval.high,
        p95_s=percentile(pooled, 95),
        requests=len(pooled),
        reason=interval.reason,
    )
