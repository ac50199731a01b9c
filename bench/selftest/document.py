"""What a self-test found, as a document: rates, floor and conditions as plain values, and the raw samples."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.study import Study
from bench.selftest.detectable_effect import SELFTEST
from bench.selftest.other_protocols import evaluate_protocols
from bench.selftest.power import evaluate, pair_logs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.records.case import Case
    from bench.records.pair import Pair
    from bench.selftest.power import PowerAnalysis


def make_document(
    taken: Mapping[Case, Sequence[Pair]],
    *,
    levels: Sequence[float],
    rounds: int,
    band: float,
    neighbour: float | None,
    stopped: bool,
    failed: Mapping[Case, str] | None = None,
) -> Study:
    """The result of a self-test, from its pairs of processes.

    Args:
        taken: Pairs of each case, in the order they were taken.
        levels: Shares by which the head was made slower, 0 first.
        rounds: Process rounds of the comparisons that are judged.
        band: The band of their verdicts.
        neighbour: Share of the time in which a neighbour of our own making kept a core busy; None where there was none.
        stopped: Whether the user ended it.
        failed: Cases that ended before the others, with the reason.
    """
    payload = {
        "rounds": rounds,
        "band": band,
        "neighbour": neighbour is not None,
        "neighbour_share": neighbour,
        "levels": list(levels),
        "failed": {case.id: reason for case, reason in (failed or {}).items()},
        "cases": [_case(case, pairs, levels, rounds, band) for case, pairs in taken.items() if len(pairs) > 1],
        "samples": [
            {"case": case.as_dict(), "pairs": [asdict(pair) for pair in pairs]} for case, pairs in taken.items()
        ],
    }
    return Study(kind=SELFTEST, stopped=stopped, payload=payload)


def _case(case: Case, pairs: Sequence[Pair], levels: Sequence[float], rounds: int, band: float) -> dict[str, Any]:
    found = evaluate(np.array([pair_logs(pair) for pair in pairs]), levels, rounds, band)
    busy = [value for pair in pairs if (value := pair.machine.get("others_percent")) is not None]
    return {
        **{name: getattr(case, name) for name in ("model", "resolution", "batch", "backend", "precision", "threads")},
        "latency_s": float(np.median([np.median(np.concatenate(pair.base_s[0])) for pair in pairs])),
        "pairs": found.pairs,
        "spread": found.spread,
        "floor": found.floor,
        "floor_high": found.floor_high,
        "seen": found.seen,
        **_rates(found),
        "disjoint": found.disjoint,
        "disjoint_told": found.disjoint_told,
        "bias": found.bias.value,
        "bias_low": found.bias.low,
        "bias_high": found.bias.high,
        "others_percent": float(np.median(busy)) if busy else None,
        "protocols": [asdict(habit) for habit in evaluate_protocols(pairs, levels, rounds)],
    }


def _rates(found: PowerAnalysis) -> dict[str, Any]:
    alone, *slowed = found.rates
    return {
        "false_alarms": alone.told,
        "false_alarms_error": alone.error,
        "false_verdicts": alone.alarms,
        "found": [
            {"slow_by": rate.level, "added": added, "told": rate.told, "error": rate.error, "slower": rate.alarms}
            for rate, added in zip(slowed, found.added[1:], strict=True)
        ],
    }
