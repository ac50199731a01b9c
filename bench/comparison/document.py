"""A comparison as a document: verdicts, intervals and conditions as plain values, with the raw samples beside them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from analysis.statistics.estimates import COVERAGE
from analysis.study import Study
from bench.machine.interference import can_judge, find_causes
from bench.statistics.disturbance import DISTURBED, UNDISTURBED, UNKNOWN
from bench.statistics.intervals import too_few_rounds
from bench.statistics.summary import estimate_latency, turns_of
from bench.statistics.verdicts import BAND, FALSE_DISCOVERIES, VERDICTS, Change, judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.comparison.compare import ComparedCase
    from bench.records.case import Case
    from bench.records.measurement import Measurement
    from bench.selftest.detectable_effect import DetectableEffect
    from bench.statistics.verdicts import Verdict

#: Kind of the document, and preset of its run.
COMPARE = "compare"


def make_document(
    compared: Sequence[ComparedCase],
    *,
    builds: tuple[str, str],
    live: bool,
    margin: float | None,
    detectable: DetectableEffect | None,
    differences: Sequence[str] = (),
    unshared: tuple[Sequence[str], Sequence[str]] = ((), ()),
    planned: int | None = None,
) -> Study:
    """The result of a comparison, in turns (`live`) or of stored runs, whose environments may differ.

    Without a margin it is the larger of 3 % and the minimum detectable effect of the machine for as many rounds.
    """
    margins = [_choose_margin(margin, detectable, one) for one in compared]
    verdicts = judge([one.change or Change() for one in compared], margins)
    rows = [_row(one, verdict) for one, verdict in zip(compared, verdicts, strict=True)]
    counts = Counter(row["verdict"] for row in rows if row["verdict"])
    payload = {
        "base": builds[0],
        "head": builds[1],
        "live": live,
        "coverage": COVERAGE,
        "false_discovery_rate": FALSE_DISCOVERIES,
        "band": margin,
        "floor": detectable.describe() if detectable else None,
        "differences": list(differences),
        "only_base": list(unshared[0]),
        "only_head": list(unshared[1]),
        "verdicts": {name: counts[name] for name in VERDICTS if counts[name]},
        "rows": rows,
        "samples": [_samples(one) for one in compared] if live else [],
    }
    return Study(kind=COMPARE, stopped=planned is not None and len(compared) < planned, payload=payload)


def _choose_margin(asked: float | None, detectable: DetectableEffect | None, compared: ComparedCase) -> float:
    if asked is not None:
        return asked
    backends = {compared.base.case.backend, compared.head.case.backend}
    return max([BAND, *(detectable.of(backend) for backend in backends if detectable)])


def _row(one: ComparedCase, verdict: Verdict) -> dict[str, Any]:
    case, change = one.base.case, verdict.change
    compared = one.status == "ok"
    return {
        **case.as_dict(),
        "changed": describe_changed(case, one.head.case),
        "status": one.status,
        "reason": one.reason,
        "verdict": verdict.name if compared else None,
        "grounds": verdict.reason if compared else "",
        "change": change.estimate.value,
        # The verdict uses the interval for any number of rounds; an interval from so few rounds is not shown.
        "change_low": None if too_few_rounds(change.rounds) else change.estimate.low,
        "change_high": None if too_few_rounds(change.rounds) else change.estimate.high,
        "band": verdict.band,
        "p_value": change.p_value,
        "q_value": verdict.q_value,
        "rounds": change.rounds,
        "paired": change.paired,
        "base_latency_s": estimate_latency(turns_of(one.base.rounds)).value,
        "head_latency_s": estimate_latency(turns_of(one.head.rounds)).value,
        **_conditions(one),
    }


def _conditions(compared: ComparedCase) -> dict[str, Any]:
    """What else the machine did while both builds were measured, and whether they were warm."""
    measurements = compared.base, compared.head
    rounds = [measured for measurement in measurements for measured in measurement.rounds]
    disturbances = [causes for measured in rounds if (causes := find_causes(measured.interference))]
    judged = any(can_judge(measured.interference) for measured in rounds)
    names = dict.fromkeys(name for causes in disturbances for name in causes)
    return {
        "machine": DISTURBED if disturbances else UNDISTURBED if judged else UNKNOWN,
        "dirty_rounds": sum(1 for measured in compared.head.rounds if find_causes(measured.interference)),
        "dirty_causes": {name: max(causes.get(name, 0.0) for causes in disturbances) for name in names},
        "steady": all(measured.steady for measured in rounds) if rounds else None,
        "stop_reasons": sorted({measurement.stop_reason for measurement in measurements} - {""}),
    }


def describe_changed(base: Case, head: Case) -> str:
    """The settings in which the head differs from the base, such as ``threads 1 -> 2``; empty for none."""
    old, new = base.as_dict(), head.as_dict()
    return ", ".join(f"{name} {old[name]} -> {new[name]}" for name in old if old[name] != new[name])


def _samples(compared: ComparedCase) -> dict[str, Any]:
    return {"case": compared.base.case.as_dict(), "base": _turns(compared.base), "head": _turns(compared.head)}


def _turns(measurement: Measurement) -> list[Any]:
    return [
        {"turns_s": measured.turns_s, "interference": measured.interference, "replaced": replaced}
        for replaced, rounds in ((False, measurement.rounds), (True, measurement.repeated))
        for measured in rounds
    ]
