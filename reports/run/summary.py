"""What a run says in a few sentences, worded no more strongly than its intervals allow."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.machine.interference import can_judge
from bench.records.measurement import STATUSES
from bench.running.resume import RESUMED
from bench.statistics.summary import Ratio, Summary, ratio, summarise
from reports.run import interference_badge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.records.case import Case
    from bench.records.measurement import Measurement
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
    counts = Counter(one.status for one in run.measurements)
    return {status: counts[status] for status in (*STATUSES, *sorted(set(counts) - set(STATUSES))) if counts[status]}


def find_fastest(run: RunData) -> list[Fastest]:
    """The fastest comparable case of each match, in the order of the run."""
    matches: dict[object, list[Measurement]] = {}
    for one in run.measurements:
        if one.status == "ok" and one.case.scenario == "latency" and one.rounds:
            matches.setdefault(one.case.match, []).append(one)
    return [_fastest(cases) for cases in matches.values()]


def find_doubts(run: RunData) -> list[str]:
    """What speaks against the numbers of this run, as sentences."""
    doubts = [*_doubts_about_conditions(run), *_doubts_about_machine(run)]
    unsteady = sum(not all(one.steady for one in measurement.rounds) for measurement in run.measurements)
    if unsteady:
        doubts.append(
            f"Warm-up hit its cap in {unsteady} of {len(run.measurements)} cases; their samples may still be drifting."
        )
    return doubts


def _doubts_about_conditions(run: RunData) -> Iterator[str]:
    for again in run.info.settings.get(RESUMED, ()):
        if again["differences"]:
            yield (
                f"The run was interrupted, and from {again['at']} on went under other conditions: "
                f"{'; '.join(again['differences'])}. Its cases, and the rounds of one case, may not compare."
            )


def _doubts_about_machine(run: RunData) -> Iterator[str]:
    badges = [(interference_badge.judge(one), one.case) for one in run.measurements]
    dirty = [(found, case) for found, case in badges if found.state == interference_badge.DIRTY]
    if dirty:
        worst, case = max(dirty, key=lambda pair: pair[0].dirty_rounds or 0)
        yield (
            f"The machine was disturbed or slowed in {len(dirty)} of {len(badges)} cases, and no clean repetition was "
            f"had; their times may be too long and intervals wide. {case.id}: {worst.evidence}."
        )
    unseen = [one.interference for all_of in run.measurements for one in all_of.rounds]
    waited = [found.get("cpu_pressure_percent") or 0.0 for found in unseen if not can_judge(found)]
    if max(waited, default=0.0) > _PRESSURE:
        yield (
            f"The machine was busy: tasks waited for a core {max(waited):.0f} % of the time in the worst round; "
            "times may be too long and intervals wide."
        )


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
    against, reason = "nothing else here can be compared", summary.reasons.get("latency_interval", "")
    if len(summaries) > 1:
        following = summaries[1][1]
        found = ratio(following, best)
        against, reason = _worded(found, describe_variant(following.case)), reason or (found.reason if found else "")
    return Fastest(
        what=_what(best.case),
        backend=describe_variant(best.case),
        latency=_latency(summary),
        against=against,
        reason=reason,
    )


def _what(case: Case) -> str:
    threads = f"{case.threads} thread{'s' if case.threads != 1 else ''}"
    return f"{case.model}, {case.resolution} px, batch {case.batch}, {case.precision}, {threads}, {case.device}"


def _latency(summary: Summary) -> str:
    low, high = summary.latency_low_s * 1e3, summary.latency_high_s * 1e3
    return describe_number(summary.latency_s * 1e3, low, high, "ms")


def _worded(found: Ratio | None, name: str) -> str:
    if found is None:
        return f"took no turns beside the next, {name}"
    number = describe_number(found.speedup, found.low, found.high)
    if found.decided:
        return f"{number} times as fast as the next, {name}"
    if math.isnan(found.low):
        return f"{found.speedup:.4g} times as fast as the next, {name} (no interval)"
    return f"can't be told apart from {name}: {number}"
