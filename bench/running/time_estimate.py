"""How long a plan will take, from past runs of its cases on this processor, and which cases missed the target."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.backends.registry import info_of
from bench.records.durations import describe_duration
from bench.running.turns import LEAST_TURNS
from bench.statistics.intervals import FRESH_ROUNDS
from bench.statistics.summary import count_fresh, half_width
from bench.workers.warm_up import LONG_CALL_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bench.planning.plan import Plan
    from bench.records.case import Case
    from bench.records.measurement import Measurement, Round
    from bench.records.run import RunInfo
    from bench.records.settings import Settings
    from bench.store.store import Store

    #: Rounds with the run they belong to.
    Past = Sequence[tuple[str, Round]]

#: Under this name the settings of a run hold its estimated time, and the cases above the target.
TIME = "time"
#: Starting an interpreter and ending it, beside the phases [s].
_START_S = 1.0
_PAST_RUNS = 20
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeEstimate:
    """The time that a plan is expected to take [s], within its budget; NaN without past runs.

    `least_s` is the time of the first round of every group, which no budget can leave out. Cases without past rounds
    here are taken to be like the others.
    """

    expected_s: float
    least_s: float
    cases: int
    unknown: int
    past_runs: int
    budget_s: float | None = None

    def __str__(self) -> str:
        """Such as ``about 9 min for 16 cases, from 12 past runs``."""
        if not self.past_runs:
            budget = "" if self.budget_s is None else f"; the budget is {describe_duration(self.budget_s)}"
            return f"no earlier run of these {_count(self.cases, 'case')} on this CPU: no time estimate{budget}"
        new = f" ({self.unknown} of them new here)" if self.unknown else ""
        text = f"about {describe_duration(self.expected_s)} for {_count(self.cases, 'case')}{new}"
        text += f", from {_count(self.past_runs, 'past run')}"
        if self.budget_s is not None and self.least_s > self.budget_s:
            text += (
                f"; a round of each group alone takes about {describe_duration(self.least_s)}, "
                f"more than the budget of {describe_duration(self.budget_s)}"
            )
        return text

    def as_dict(self) -> dict[str, Any]:
        """What is stored with the run, as plain values."""
        expected_s = None if math.isnan(self.expected_s) else self.expected_s
        return {"expected_s": expected_s, "past_runs": self.past_runs}


def estimate_time(plan: Plan, store: Store, run: RunInfo) -> TimeEstimate:
    """The estimate for a plan, from the runs in a store on the same processor."""
    processor = run.environment.get("cpu", {}).get("model")
    names = [past.id for past in store.runs() if past.environment.get("cpu", {}).get("model") == processor]
    names = [name for name in names if name != run.id][-_PAST_RUNS:]
    return estimate_from(plan, {case: past for case in plan.cases if (past := store.past_rounds(case, names))})


def estimate_from(plan: Plan, past: Mapping[Case, Past]) -> TimeEstimate:
    """The estimate for a plan, from past rounds of its cases; cases without any are left out of `past`."""
    firsts = {case: _round_s(case, rounds, plan.settings, first=True) for case, rounds in past.items()}
    laters = {case: _round_s(case, rounds, plan.settings, first=False) for case, rounds in past.items()}
    rounds = _expect_rounds(plan.settings, past.values())
    first_s, later_s = (_total(known, len(plan.cases)) for known in (firsts, laters))
    expected_s, budget_s = first_s + (rounds - 1) * later_s, plan.settings.budget_s
    return TimeEstimate(
        expected_s=expected_s if budget_s is None else max(first_s, min(expected_s, budget_s)),
        least_s=first_s,
        cases=len(plan.cases),
        unknown=len(plan.cases) - len(past),
        past_runs=len({run for rounds in past.values() for run, _ in rounds}),
        budget_s=budget_s,
    )


def _round_s(case: Case, past: Past, settings: Settings, *, first: bool) -> float:
    """Time of a round of a case [s]: its phases as in past rounds, and the sampling time of the present settings."""
    rounds = [measured for _, measured in past]
    alike = [measured for measured in rounds if measured.compile_cache != ("cached" if first else "cold")] or rounds
    # An exported model is built and converted once for all rounds, and the record of each has that time.
    once = () if first or not info_of(case.backend).export else ("build", "convert")
    phases = [sum(value for name, value in each.phases_s.items() if name not in once) for each in alike]
    call_s = statistics.median([sample for each in rounds for turn in each.turns_s for sample in turn] or [0.0])
    turn_s = max(settings.slice_s, call_s) + (call_s if call_s < LONG_CALL_S else 0.0)
    return _START_S + statistics.median(phases) + max(settings.round_s, LEAST_TURNS * turn_s)


def _expect_rounds(settings: Settings, pasts: Iterable[Past]) -> float:
    counts = [count for past in pasts for count in Counter(run for run, _ in past).values()]
    usual = statistics.median(counts) if counts else settings.max_rounds
    # Runs from before rounds followed a target had fewer.
    return min(max(usual, settings.min_rounds + FRESH_ROUNDS), settings.max_rounds)


def _total(known: Mapping[Case, float], cases: int) -> float:
    """The sum over all cases, unknown ones counted as the mean of the others; NaN if all are unknown."""
    return statistics.fmean(known.values()) * cases if known else math.nan


def find_above(measurements: Sequence[Measurement], target: float) -> list[dict[str, Any]]:
    """The measured cases whose interval is wider than the target, the widest first, as plain values.

    The relative half-width is None where there is no interval.
    """
    measured = [each for each in measurements if each.rounds]
    widths = [(half_width(each.rounds, fresh=count_fresh(each)), each.case.id) for each in measured]
    above = sorted(((width, case) for width, case in widths if not width <= target), reverse=True)
    return [{"case": case, "half_width": width if math.isfinite(width) else None} for width, case in above]


def describe_above(above: Sequence[Mapping[str, Any]], cases: int, target: float) -> str:
    """The cases above the target, in words; empty where there are none."""
    if not above:
        return ""
    named = [f"{row['case']} ({_percent(row['half_width'])})" for row in above[:_NAMED]]
    more = [f"and {len(above) - _NAMED} more"] if len(above) > _NAMED else []
    verb = "is" if len(above) == 1 else "are"
    names = ", ".join([*named, *more])
    return f"{len(above)} of {_count(cases, 'case')} {verb} above the target half-width of {100 * target:g} %: {names}"


def _percent(half_width: float | None) -> str:
    return "no interval" if half_width is None else f"{100 * half_width:.2g} %"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
