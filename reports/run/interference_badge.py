"""What else the machine did while a case was measured, as a badge with its evidence: clean, dirty or not available."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.machine.interference import RULES, can_judge, find_causes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.records.measurement import Measurement, Round

CLEAN, DIRTY, UNKNOWN = "clean", "dirty", "not available"
#: Before the word, for those who skim and those who see no colours.
SYMBOLS = {CLEAN: "\N{CHECK MARK}", DIRTY: "\N{WARNING SIGN}", UNKNOWN: "?"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """A word with what it rests on.

    Args:
        state: ``clean``, ``dirty`` or ``not available``; empty for a case without a round.
        evidence: What was found, in words; empty for none.
        dirty_rounds: Rounds in the estimate that are dirty; None where that can't be told.
        repeated_rounds: Dirty rounds that clean ones stand for.
    """

    state: str
    evidence: str = ""
    dirty_rounds: int | None = None
    repeated_rounds: int = 0

    def __str__(self) -> str:
        """Such as ``⚠ dirty: neighbours used 34 % of the cores in 2 of 4 rounds``."""
        told = f"{SYMBOLS.get(self.state, '')} {self.state}".strip()
        return f"{told}: {self.evidence}" if self.evidence else told


def judge(measurement: Measurement) -> Badge:
    """The badge of a case, by `bench.machine.interference.RULES`."""
    rounds, again = measurement.rounds, len(measurement.repeated)
    if not rounds:
        return Badge(state="", repeated_rounds=again)
    dirty = [one for one in rounds if find_causes(one.interference)]
    replaced = f"{again} dirty round{'' if again == 1 else 's'} measured again" if again else ""
    if dirty:
        evidence = "; ".join([*_describe(dirty, len(rounds)), *filter(None, [_support(dirty), replaced])])
        return Badge(state=DIRTY, evidence=evidence, dirty_rounds=len(dirty), repeated_rounds=again)
    if not all(can_judge(one.interference) for one in rounds):
        return Badge(state=UNKNOWN, repeated_rounds=again)
    evidence = "; ".join(filter(None, [_quiet(rounds), replaced]))
    return Badge(state=CLEAN, evidence=evidence, dirty_rounds=0, repeated_rounds=again)


def describe_round(one: Round) -> str:
    """Why a round is dirty, empty where nothing was found."""
    found = find_causes(one.interference)
    return "; ".join(rule.text.format(found[rule.name]) for rule in RULES if rule.name in found)


def _describe(dirty: Sequence[Round], rounds: int) -> list[str]:
    """Each cause with its worst value and the number of rounds it was found in."""
    told = []
    for rule in RULES:
        values = [found[rule.name] for one in dirty if rule.name in (found := find_causes(one.interference))]
        if values:
            told.append(f"{rule.text.format(max(values))} in {len(values)} of {rounds} rounds")
    return told


def _quiet(rounds: Sequence[Round]) -> str:
    """The largest share of neighbours in rounds of which each tells it, rounded up so that it is no less."""
    most = max(one.interference["others_percent"] or 0.0 for one in rounds)
    return f"neighbours used at most {math.ceil(most)} % of the cores"


def _support(dirty: Sequence[Round]) -> str:
    """What can't decide alone, for our own threads raise it: pressure and involuntary switches."""
    pressure = [value for one in dirty if (value := one.interference.get("cpu_pressure_percent")) is not None]
    rates = [rate for one in dirty if (rate := _switches_per_s(one)) is not None]
    told = [f"tasks waited for a core {max(pressure):.0f} % of the time"] if pressure else []
    told += [f"{max(rates):.0f} involuntary switches a second"] if rates else []
    return ", ".join(told)


def _switches_per_s(one: Round) -> float | None:
    switches, sampled_s = one.interference.get("involuntary_switches"), sum(map(sum, one.turns_s))
    return None if switches is None or not sampled_s else switches / sampled_s
