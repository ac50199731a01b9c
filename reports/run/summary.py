"""What a run says in a few sentences, worded no more strongly than its intervals allow."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.statistics.estimates import format_estimate
from bench.machine.interference import can_judge
from bench.records.measurement import STATUSES
from bench.running.resume import RESUMED
from bench.statistics.disturbance import DISTURBED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analysis.statistics.estimates import Estimate
    from bench.records.case import Case
    from bench.statistics.result import Leader
    from reports.run.data import RunData


#: Pressure beyond which a machine whose neighbours can't be seen is worth a warning [%]. A benchmark that fills its own
#: cores shows a few.
_PRESSURE = 25


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
    counts = Counter(each.status for each in run.measurements)
    return {status: counts[status] for status in (*STATUSES, *sorted(set(counts) - set(STATUSES))) if counts[status]}


def find_fastest(run: RunData) -> list[Fastest]:
    """The fastest comparable case of each interleaved group, in the order of the run."""
    return [_describe_leader(leader) for leader in run.result.leaders]


def find_doubts(run: RunData) -> list[str]:
    """What speaks against the numbers of this run, as sentences."""
    doubts = [*_doubts_about_conditions(run), *_doubts_about_machine(run)]
    unsteady = sum(not all(each.steady for each in measurement.rounds) for measurement in run.measurements)
    if unsteady:
        doubts.append(
            f"Warm-up hit its cap in {unsteady} of {len(run.measurements)} cases; their samples may still be drifting."
        )
    return doubts


def _doubts_about_conditions(run: RunData) -> Iterator[str]:
    for again in run.info.settings.get(RESUMED, ()):
        if again["differences"]:
            yield (
                f"The run was interrupted, and from {again['at']} on it ran under other conditions: "
                f"{'; '.join(again['differences'])}. Its cases, and the rounds of one case, may not compare."
            )


def _doubts_about_machine(run: RunData) -> Iterator[str]:
    cases = run.result.cases
    disturbed = [result for result in cases if result.disturbance.state == DISTURBED]
    if disturbed:
        worst = max(disturbed, key=lambda result: result.disturbance.rounds or 0)
        yield (
            f"The machine was disturbed or slowed in {len(disturbed)} of {len(cases)} cases, and repeating the round "
            f"did not help; their times may be too long and intervals wide. {worst.case.id}: "
            f"{worst.disturbance.evidence}."
        )
    counters = [each.interference for measurement in run.measurements for each in measurement.rounds]
    waited = [values.get("cpu_pressure_percent") or 0.0 for values in counters if not can_judge(values)]
    if max(waited, default=0.0) > _PRESSURE:
        yield (
            f"The machine was busy: tasks waited for a core {max(waited):.0f} % of the time in the worst round; "
            "times may be too long and intervals wide."
        )


def _describe_leader(leader: Leader) -> Fastest:
    best, against = leader.best, "nothing else here can be compared"
    reason = best.latency.reason
    if leader.following is not None and leader.speedup is not None:
        against = _describe_lead(leader.speedup, _describe_variant(leader.following.case))
        reason = reason or leader.speedup.reason
    return Fastest(
        what=f"{best.case.describe('backend', 'memory_format')}, {_count_threads(best.case.threads)}",
        backend=_describe_variant(best.case),
        latency=format_estimate(best.latency, "ms", scale=1e3),
        against=against,
        reason=reason,
    )


def _describe_variant(case: Case) -> str:
    """The backend, and its memory format where that is not contiguous."""
    return case.describe("model", "resolution", "batch", "precision", "device", "scenario", "calibration", "pictures")


def _count_threads(threads: int) -> str:
    return "1 thread" if threads == 1 else f"{threads} threads"


def _describe_lead(speedup: Estimate, following: str) -> str:
    if math.isnan(speedup.value):
        return f"took no turns beside the next, {following}"
    if speedup.has_interval and not speedup.excludes(1):
        return f"not significantly faster than {following}: {format_estimate(speedup)}"
    return f"{format_estimate(speedup, 'times')} as fast as the next, {following}"
