"""The document of a self-test: rates, minimum detectable effect and conditions as plain values, and raw samples."""

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
    margin: float,
    neighbour: float | None,
    stopped: bool,
    failed: Mapping[Case, str] | None = None,
) -> Study:
    """The result of a self-test, from the pairs of processes of each case as they were measured; level 0 first."""
    payload = {
        "rounds": rounds,
        "band": margin,
        "neighbour": neighbour is not None,
        "neighbour_share": neighbour,
        "levels": list(levels),
        "failed": {case.id: reason for case, reason in (failed or {}).items()},
        "cases": [_case(case, pairs, levels, rounds, margin) for case, pairs in taken.items() if len(pairs) > 1],
        "samples": [
            {"case": case.as_dict(), "pairs": [asdict(pair) for pair in pairs]} for case, pairs in taken.items()
        ],
    }
    return Study(kind=SELFTEST, stopped=stopped, payload=payload)


def _case(case: Case, pairs: Sequence[Pair], levels: Sequence[float], rounds: int, margin: float) -> dict[str, Any]:
    analysis = evaluate(np.array([pair_logs(pair) for pair in pairs]), levels, rounds, margin)
    busy = [value for pair in pairs if (value := pair.machine.get("others_percent")) is not None]
    return {
        **{name: getattr(case, name) for name in ("model", "resolution", "batch", "backend", "precision", "threads")},
        "latency_s": float(np.median([np.median(np.concatenate(pair.base_s[0])) for pair in pairs])),
        "pairs": analysis.pairs,
        "spread": analysis.spread,
        "floor": analysis.detectable,
        "floor_high": analysis.detectable_high,
        "seen": analysis.seen,
        **_rates(analysis),
        "disjoint": analysis.disjoint,
        "disjoint_told": analysis.disjoint_significant,
        "bias": analysis.bias.value,
        "bias_low": analysis.bias.low,
        "bias_high": analysis.bias.high,
        "others_percent": float(np.median(busy)) if busy else None,
        "protocols": [asdict(protocol) for protocol in evaluate_protocols(pairs, levels, rounds)],
    }


def _rates(analysis: PowerAnalysis) -> dict[str, Any]:
    unchanged, *slowed = analysis.rates
    return {
        "false_alarms": analysis.false_positive_rate,
        "false_alarms_error": unchanged.error,
        "false_verdicts": unchanged.verdicts,
        "found": [
            {
                "slow_by": rate.level,
                "added": added,
                "told": rate.significant,
                "error": rate.error,
                "slower": rate.verdicts,
            }
            for rate, added in zip(slowed, analysis.added[1:], strict=True)
        ],
    }
