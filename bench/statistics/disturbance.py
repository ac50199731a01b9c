"""Whether the machine disturbed the rounds of a case, with the evidence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.machine.interference import RULES, can_judge, find_causes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.records.measurement import Measurement, Round

UNDISTURBED, DISTURBED, UNKNOWN = "undisturbed", "disturbed", "not available"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """A state with what it rests on.

    Args:
        state: `UNDISTURBED`, `DISTURBED` or `UNKNOWN`; empty for a case without a round.
        evidence: In words; empty for none.
        rounds: Disturbed rounds in the estimate; None where that is not known.
        repeated: Disturbed rounds in whose place undisturbed ones stand.
    """

    state: str = ""
    evidence: str = ""
    rounds: int | None = None
    repeated: int = 0


def judge_disturbance(measurement: Measurement) -> Disturbance:
    """The state of a case, by `bench.machine.interference.RULES`."""
    rounds, repeated = measurement.rounds, len(measurement.repeated)
    if not rounds:
        return Disturbance(repeated=repeated)
    disturbed = [each for each in rounds if find_causes(each.interference)]
    again = f"{repeated} disturbed round{'' if repeated == 1 else 's'} measured again" if repeated else ""
    if disturbed:
        evidence = "; ".join([*_describe(disturbed, len(rounds)), *filter(None, [_support(disturbed), again])])
        return Disturbance(state=DISTURBED, evidence=evidence, rounds=len(disturbed), repeated=repeated)
    if not all(can_judge(each.interference) for each in rounds):
        return Disturbance(state=UNKNOWN, repeated=repeated)
    evidence = "; ".join(filter(None, [_quiet(rounds), again]))
    return Disturbance(state=UNDISTURBED, evidence=evidence, rounds=0, repeated=repeated)


def describe_round(one: Round) -> str:
    """Why a round is disturbed, empty where it is not known to be."""
    causes = find_causes(one.interference)
    return "; ".join(rule.text.format(causes[rule.name]) for rule in RULES if rule.name in causes)


def _describe(disturbed: Sequence[Round], rounds: int) -> list[str]:
    causes = [find_causes(each.interference) for each in disturbed]
    by_rule = {rule: [values[rule.name] for values in causes if rule.name in values] for rule in RULES}
    return [
        f"{rule.text.format(max(worst))} in {len(worst)} of {rounds} rounds" for rule, worst in by_rule.items() if worst
    ]


def _quiet(rounds: Sequence[Round]) -> str:
    """The largest share of neighbours in rounds that can each be judged, rounded up so that it is no less."""
    most = max(each.interference["others_percent"] or 0.0 for each in rounds)
    return f"neighbours used at most {math.ceil(most)} % of the cores"


def _support(disturbed: Sequence[Round]) -> str:
    """What can't decide alone, for our own threads raise it: pressure and involuntary switches."""
    pressure = [value for each in disturbed if (value := each.interference.get("cpu_pressure_percent")) is not None]
    rates = [rate for each in disturbed if (rate := _switches_per_s(each)) is not None]
    words = [f"tasks waited for a core {max(pressure):.0f} % of the time"] if pressure else []
    words += [f"{max(rates):.0f} involuntary switches a second"] if rates else []
    return ", ".join(words)


def _switches_per_s(each: Round) -> float | None:
    switches, sampled_s = each.interference.get("involuntary_switches"), sum(map(sum, each.turns_s))
    return None if switches is None or not sampled_s else switches / sampled_s
