"""A comparison as a document: verdicts, intervals and conditions as plain values, with the raw samples beside them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from analysis.statistics.estimates import COVERAGE
from analysis.study import Study
from bench.machine.interference import can_judge, find_causes
from bench.statistics.interval_rules import too_few_rounds
from bench.statistics.summary import median_latency, turns_of
from bench.statistics.verdicts import BAND, FALSE_DISCOVERIES, VERDICTS, Change, judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.comparison.compare import Compared
    from bench.records.case import Case
    from bench.records.measurement import Measurement
    from bench.selftest.detectable_effect import Floor
    from bench.statistics.verdicts import Verdict

#: Kind of the document, and preset of its run.
COMPARE = "compare"


def make_document(
    compared: Sequence[Compared],
    *,
    sides: tuple[str, str],
    live: bool,
    band: float | None,
    floor: Floor | None,
    differences: Sequence[str] = (),
    unshared: tuple[Sequence[str], Sequence[str]] = ((), ()),
    planned: int | None = None,
) -> Study:
    """The result of a comparison.

    Args:
        compared: The cases that are done.
        sides: What base and head are, in words.
        live: Whether they took turns.
        band: The share asked for; None for the larger of 3 % and the machine's floor.
        floor: Of the machine the times were taken on, for as many rounds in turns; None for runs that took none.
        differences: Between the environments of two stored runs, where that was forced.
        unshared: Cases that only the base has, and that only the head has.
        planned: Number of cases asked for, where it may be more than there are.
    """
    bands = [_band(band, floor, {one.base.case.backend, one.head.case.backend}) for one in compared]
    verdicts = judge([one.change or Change() for one in compared], bands)
    rows = [_row(one, verdict) for one, verdict in zip(compared, verdicts, strict=True)]
    counts = Counter(row["verdict"] for row in rows if row["verdict"])
    payload = {
        "base": sides[0],
        "head": sides[1],
        "live": live,
        "coverage": COVERAGE,
        "false_discovery_rate": FALSE_DISCOVERIES,
        "band": band,
        "floor": floor.describe() if floor else None,
        "differences": list(differences),
        "only_base": list(unshared[0]),
        "only_head": list(unshared[1]),
        "verdicts": {name: counts[name] for name in VERDICTS if counts[name]},
        "rows": rows,
        "samples": [_samples(one) for one in compared] if live else [],
    }
    return Study(kind=COMPARE, stopped=planned is not None and len(compared) < planned, payload=payload)


def _band(asked: float | None, floor: Floor | None, backends: set[str]) -> float:
    if asked is not None:
        return asked
    return max([BAND, *(floor.of(backend) for backend in backends if floor)])


def _row(one: Compared, verdict: Verdict) -> dict[str, Any]:
    case, change = one.base.case, verdict.change
    compared = one.status == "ok"
    return {
        **{name: getattr(case, name) for name in ("model", "resolution", "batch", "backend", "precision")},
        "memory_format": case.memory_format,
        "threads": case.threads,
        "device": case.device,
        "scenario": case.scenario,
        "streams": case.streams,
        "changed": describe_changed(case, one.head.case),
        "status": one.status,
        "reason": one.reason,
        "verdict": verdict.name if compared else None,
        "grounds": verdict.reason if compared else "",
        "change": change.estimate.value,
        # The verdict rests on the interval whatever the rounds; from so few it would tell a reader nothing.
        "change_low": None if too_few_rounds(change.rounds) else change.estimate.low,
        "change_high": None if too_few_rounds(change.rounds) else change.estimate.high,
        "band": verdict.band,
        "p_value": change.p_value,
        "q_value": verdict.q_value,
        "rounds": change.rounds,
        "paired": change.paired,
        "base_latency_s": median_latency(turns_of(one.base.rounds)),
        "head_latency_s": median_latency(turns_of(one.head.rounds)),
        **_conditions(one),
    }


def _conditions(one: Compared) -> dict[str, Any]:
    """What else the machine did while the sides were measured, and what their warm-ups leave open."""
    rounds = [part for side in (one.base, one.head) for part in side.rounds]
    causes = [found for part in rounds if (found := find_causes(part.interference))]
    judged = any(can_judge(part.interference) for part in rounds)
    return {
        "machine": "dirty" if causes else "clean" if judged else "not available",
        "dirty_rounds": sum(1 for part in one.head.rounds if find_causes(part.interference)),
        "dirty_causes": {name: max(found.get(name, 0.0) for found in causes) for found in causes for name in found},
        "steady": all(part.steady for part in rounds) if rounds else None,
        "stop_reasons": sorted({side.stop_reason for side in (one.base, one.head)} - {""}),
    }


def describe_changed(base: Case, head: Case) -> str:
    """What the head's settings are where they are not the base's, such as ``threads 1 -> 2``; empty for none."""
    old, new = base.as_dict(), head.as_dict()
    return ", ".join(f"{name} {old[name]} -> {new[name]}" for name in old if old[name] != new[name])


def _samples(one: Compared) -> dict[str, Any]:
    return {"case": one.base.case.as_dict(), "base": _turns(one.base), "head": _turns(one.head)}


def _turns(side: Measurement) -> list[Any]:
    rounds = [(part, False) for part in side.rounds] + [(part, True) for part in side.repeated]
    return [
        {"turns_s": part.turns_s, "interference": part.interference, "replaced": replaced} for part, replaced in rounds
    ]
