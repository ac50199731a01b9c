"""What a run says in a few sentences, worded no more strongly than its intervals allow."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.records import STATUSES
from bench.stats import Ratio, Summary, ratio, summarise

if TYPE_CHECKING:
    from bench.case import Case
    from bench.records import Measurement
    from reports.tables import RunData


@dataclass(frozen=True, slots=True, kw_only=True)
class Fastest:
    """Which backend was fastest among those measured side by side.

    Args:
        what: Model, resolution, batch and whatever else the cases share.
        backend: Name of the fastest case's backend, with what sets it apart.
        latency: Its latency with interval, in words.
        against: How it compares with the next, in words.
        reason: Why there is no interval; empty where there is one.
    """

    what: str
    backend: str
    latency: str
    against: str
    reason: str = ""


def count_statuses(run: RunData) -> dict[str, int]:
    """Number of cases by status, those that occur, in the order of `STATUSES`."""
    counts = Counter(one.status for one in run.measurements)
    return {status: counts[status] for status in (*STATUSES, *sorted(set(counts) - set(STATUSES))) if counts[status]}


def find_fastest(run: RunData) -> list[Fastest]:
    """The fastest comparable case of each match, in the order of the run."""
    matches: dict[object, list[Measurement]] = {}
    for one in run.measurements:
        if one.status == "ok" and one.case.scenario == "latency" and one.rounds:
            matches.setdefault(one.case.match, []).append(one)
    return [_fastest(cases) for cases in matches.values()]


def describe_number(value: float, low: float, high: float, unit: str = "") -> str:
    """A value with its interval, to three or four digits."""
    unit = f" {unit}" if unit else ""
    if math.isnan(low):
        return f"{value:.4g}{unit} (no interval)"
    return f"{value:.4g}{unit} [{low:.4g}, {high:.4g}]"


def describe_variant(case: Case) -> str:
    """The backend, and its memory format where that is not the plain one."""
    return case.backend if case.memory_format == "contiguous" else f"{case.backend} {case.memory_format}"


def _fastest(cases: list[Measurement]) -> Fastest:
    summaries = [(summarise(one), one) for one in cases]
    summaries = sorted((pair for pair in summaries if pair[0].samples), key=lambda pair: pair[0].latency_s)
    if not summaries:
        return Fastest(what=_what(cases[0].case), backend="none", latency="", against="no samples were taken")
    summary, best = summaries[0]
    against = _against(best, summaries[1][1]) if len(summaries) > 1 else "nothing else here can be compared"
    return Fastest(
        what=_what(best.case),
        backend=describe_variant(best.case),
        latency=_latency(summary),
        against=against,
        reason=summary.reasons.get("latency_interval", ""),
    )


def _what(case: Case) -> str:
    threads = f"{case.threads} thread{'s' if case.threads != 1 else ''}"
    return f"{case.model}, {case.resolution} px, batch {case.batch}, {case.precision}, {threads}, {case.device}"


def _latency(summary: Summary) -> str:
    low, high = summary.latency_low_s * 1e3, summary.latency_high_s * 1e3
    return describe_number(summary.latency_s * 1e3, low, high, "ms")


def _against(best: Measurement, following: Measurement) -> str:
    name = describe_variant(following.case)
    found = ratio(following, best)
    if found is None:
        return f"took no turns beside the next, {name}"
    return _worded(found, name)


def _worded(found: Ratio, name: str) -> str:
    number = describe_number(found.speedup, found.low, found.high)
    if found.decided:
        return f"{number} times as fast as the next, {name}"
    if math.isnan(found.low):
        return f"{found.speedup:.4g} times as fast as the next, {name} (no interval)"
    return f"can't be told apart from {name}: {number}"
