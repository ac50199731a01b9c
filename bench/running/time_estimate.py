"""How long a plan will take, from past runs of its cases on this processor, and what its time did not reach."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.backends.registry import info_of
from bench.records.durations import describe_duration
from bench.statistics.summary import half_width
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

#: Under this name the settings of a run hold what was expected of its time, and what it did not reach.
TIME = "time"
#: Starting an interpreter and ending it, beside the phases [s].
_START_S = 1.0
#: A turn less than this many makes no round, as in `bench.running.sampling.plan_turns`.
_MIN_TURNS = 5
_PAST_RUNS = 20
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a plan is expected to take.

    Args:
        expected_s: All of it, within the budget [s]; NaN without a past.
        least_s: The first round of every match, which no budget can leave out [s].
        cases: Number of cases.
        unknown: Those without a past here; they are taken to be like the others.
        past_runs: Runs that the numbers are from.
        budget_s: Time the run should take [s], None without a limit.
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
            return f"no past run of these {self.cases} cases on this processor, so no time is foretold{budget}"
        fresh = f" ({self.unknown} of them new here)" if self.unknown else ""
        told = f"about {describe_duration(self.expected_s)} for {_count(self.cases, 'case')}{fresh}"
        told += f", from {_count(self.past_runs, 'past run')}"
        if self.budget_s is not None and self.least_s > self.budget_s:
            told += (
                f"; a round for each match alone takes about {describe_duration(self.least_s)}, "
                f"more than the budget of {describe_duration(self.budget_s)}"
            )
        return told

    def as_dict(self) -> dict[str, Any]:
        """What is stored with the run, as plain values."""
        expected_s = None if math.isnan(self.expected_s) else self.expected_s
        return {"expected_s": expected_s, "past_runs": self.past_runs}


def estimate_time(plan: Plan, store: Store, run: RunInfo) -> Forecast:
    """The forecast for a plan, from what a store holds of the same processor.

    Args:
        plan: What will be measured.
        store: Where the past lies.
        run: The run that begins, with its environment.
    """
    processor = run.environment.get("cpu", {}).get("model")
    names = [one.id for one in store.runs() if one.environment.get("cpu", {}).get("model") == processor]
    names = [name for name in names if name != run.id][-_PAST_RUNS:]
    return forecast(plan, {case: found for case in plan.cases if (found := store.past_rounds(case, names))})


def forecast(plan: Plan, past: Mapping[Case, Past]) -> Forecast:
    """The forecast for a plan.

    Args:
        plan: What will be measured.
        past: Rounds of its cases with the runs they belong to; cases without a past are left out.
    """
    firsts = {case: _round_s(case, found, plan.settings, first=True) for case, found in past.items()}
    laters = {case: _round_s(case, found, plan.settings, first=False) for case, found in past.items()}
    rounds = _expect_rounds(plan.settings, past.values())
    first_s, later_s = (_total(known, len(plan.cases)) for known in (firsts, laters))
    expected_s, budget_s = first_s + (rounds - 1) * later_s, plan.settings.budget_s
    return Forecast(
        expected_s=expected_s if budget_s is None else max(first_s, min(expected_s, budget_s)),
        least_s=first_s,
        cases=len(plan.cases),
        unknown=len(plan.cases) - len(past),
        past_runs=len({run for found in past.values() for run, _ in found}),
        budget_s=budget_s,
    )


def _round_s(case: Case, past: Past, settings: Settings, *, first: bool) -> float:
    """Time of a round of a case [s]: its phases, as they were before, and samples as many as are asked for now."""
    rounds = [one for _, one in past]
    alike = [one for one in rounds if one.compile_cache != ("cached" if first else "cold")] or rounds
    # An exported model is built and converted once for all rounds, whose records all carry that time.
    once = () if first or not info_of(case.backend).export else ("build", "convert")
    phases = [sum(value for name, value in one.phases_s.items() if name not in once) for one in alike]
    call_s = statistics.median([sample for one in rounds for turn in one.turns_s for sample in turn] or [0.0])
    turn_s = max(settings.slice_s, call_s) + (call_s if call_s < LONG_CALL_S else 0.0)
    return _START_S + statistics.median(phases) + max(settings.round_s, _MIN_TURNS * turn_s)


def _expect_rounds(settings: Settings, pasts: Iterable[Past]) -> float:
    """Rounds that a case took before, within what is allowed now."""
    counts = [count for past in pasts for count in Counter(run for run, _ in past).values()]
    usual = statistics.median(counts) if counts else settings.max_rounds
    return min(max(usual, settings.min_rounds), settings.max_rounds)


def _total(known: Mapping[Case, float], cases: int) -> float:
    """The sum over all cases, those that are not known being like the mean of the others; NaN if none is."""
    return statistics.fmean(known.values()) * cases if known else math.nan


def find_above(measurements: Sequence[Measurement], target: float) -> list[dict[str, Any]]:
    """The measured cases whose interval is wider than the target, the widest first, as plain values.

    Returns:
        ``case`` and ``half_width``, relative; None where there is no interval.
    """
    widths = [(half_width(one.rounds), one.case.id) for one in measurements if one.rounds]
    above = sorted(((width, case) for width, case in widths if not width <= target), reverse=True)
    return [{"case": case, "half_width": width if math.isfinite(width) else None} for width, case in above]


def describe_above(above: Sequence[Mapping[str, Any]], cases: int, target: float) -> str:
    """What was not reached, in words; empty where all was."""
    if not above:
        return ""
    named = [f"{one['case']} ({_percent(one['half_width'])})" for one in above[:_NAMED]]
    more = [f"and {len(above) - _NAMED} more"] if len(above) > _NAMED else []
    verb = "is" if len(above) == 1 else "are"
    told = ", ".join([*named, *more])
    return f"{len(above)} of {_count(cases, 'case')} {verb} above the target half-width of {100 * target:g} %: {told}"


def _percent(half_width: float | None) -> str:
    return "no interval" if half_width is None else f"{100 * half_width:.2g} %"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
