"""The energy of turns: the counters before and after each, and the idle power of each round to subtract.

In a turn one worker computes and all others wait, so what the machine uses is the turn's energy and the idle machine's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from bench.machine.energy import Reading, find_still, measure_between
from bench.records.energy import DOMAINS, PACKAGE, Energy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.records.case import Case
    from bench.workers.executor import Executor

#: While so long no worker computes, once a round, for the idle power [s].
_IDLE_S = 1.0
_NOT_COUNTED = "the worker, of an earlier version, does not tell how many calls it made"


class TurnReadings(NamedTuple):
    """The counters around a turn, and the calls that the worker made in it; None where it does not tell."""

    before: Reading
    after: Reading
    calls: int | None


@dataclass(slots=True)
class EnergyMeter:
    """Reads the counters of one group; where there are none, it finds so once a round and takes no time.

    Args:
        executor: Reads the counters, and waits.
        reads: Whether it reads anything: nobody asks for the energy of builds that are compared.
        idle_w: Idle power of the round under way, by domain [W].
        reasons: Why domains have no energy in the round under way, in one line each.
    """

    executor: Executor
    reads: bool = True
    idle_w: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def start_round(self) -> None:
        """Measure the idle power; all workers must wait meanwhile."""
        self.idle_w = {}
        if not self.reads:
            self.reasons = {PACKAGE: "not read where builds are compared"}
            return
        before = self.executor.read_energy()
        self.reasons = dict(before.reasons)
        if PACKAGE in self.reasons:
            return
        self.executor.pause(_IDLE_S)
        after = self.executor.read_energy()
        consumed = measure_between(before, after)
        self.reasons = {domain: why for domain in DOMAINS if (why := find_still(before, after, domain))}
        self.reasons = {**consumed.reasons, **self.reasons}
        for domain in consumed.joules.keys() - self.reasons.keys():
            self.idle_w[domain] = consumed.joules[domain] / consumed.elapsed_s

    def read(self) -> Reading | None:
        """The counters now; None where the energy of the processors can't be measured in this round."""
        return self.executor.read_energy() if PACKAGE in self.idle_w else None

    def describe(self, case: Case, turns: Sequence[TurnReadings]) -> Energy:
        """The energy of a case in the round under way."""
        reasons = dict(self.reasons)
        if case.device != "cpu":
            reasons[PACKAGE] = f"the counters are those of processors, and the case computes on {case.device}"
        elif any(turn.calls is None for turn in turns):
            reasons[PACKAGE] = _NOT_COUNTED
        spans = [measure_between(turn.before, turn.after) for turn in turns]
        for span in spans:
            reasons = {**span.reasons, **reasons}
        if PACKAGE in reasons or not spans:
            return Energy(reason=reasons.get(PACKAGE, "no turn was taken"))
        known = [domain for domain in DOMAINS if domain not in reasons]
        return Energy(
            turns_j={domain: tuple(span.joules[domain] for span in spans) for domain in known},
            turns_s=tuple(span.elapsed_s for span in spans),
            images=tuple((turn.calls or 0) * case.batch for turn in turns),
            idle_w={domain: self.idle_w[domain] for domain in known},
        )
