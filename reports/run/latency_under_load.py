"""Latency under load as columns of a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.statistics.latency_under_load import load_of_rounds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.records.measurement import Round


def load_columns(rounds: Sequence[Round]) -> dict[str, Any]:
    """The columns ``load_*`` for some process rounds; nothing where no request was timed by itself."""
    found = load_of_rounds(rounds)
    if not found.requests:
        return {}
    return {
        "load_latency_s": found.median_s,
        "load_latency_low_s": found.low_s,
        "load_latency_high_s": found.high_s,
        "load_p95_s": found.p95_s,
        "load_requests": found.requests,
    }
