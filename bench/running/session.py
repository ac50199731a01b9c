"""A run: it takes a plan and a store and nothing global, measures match by match, and stores what is done at once."""

from __future__ import annotations

import math
import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from analysis.complexity import count
from analysis.complexity.frame import as_dict
from bench.machine.environment import read_environment
from bench.machine.lock import MachineLock
from bench.machine.scratch import make_scratch
from bench.machine.signals import finish_first
from bench.records.run import RunInfo, make_run_id
from bench.running.interleaved_group import InterleavedGroup
from bench.running.progress import Progress
from bench.running.resume import RESUMED, describe_plan
from bench.running.scheduling import allocate_rounds
from bench.running.stopping import spent_s
from bench.running.time_estimate import TIME, describe_above, estimate_time, find_above
from bench.statistics.model_ratios import RIVALS
from bench.workers.executor import ProcessExecutor

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from bench.planning.plan import Plan
    from bench.records.case import Case
    from bench.records.measurement import Measurement
    from bench.running.resume import Resumption
    from bench.running.time_estimate import Forecast
    from bench.store.store import Store
    from bench.workers.executor import Executor


class Session:
    """One run, as a context: it is recorded when entered, and closed as done or interrupted when left.

    While it is entered it has the machine to itself.
    """

    def __init__(
        self,
        plan: Plan,
        store: Store,
        *,
        executor: Executor | None = None,
        progress: Progress | None = None,
        lock: MachineLock | None = None,
        resumed: Resumption | None = None,
    ) -> None:
        """A run that has not begun, or one that was interrupted.

        Args:
            plan: Cases and settings.
            store: Where everything goes.
            executor: Makes the workers; default is processes.
            progress: Shows how far it is; default shows nothing.
            lock: Keeps other runs off the machine; default refuses to begin beside one.
            resumed: The run to go on with, whose plan this is; default is a new one.
        """
        self.plan, self.store = plan, store
        self._executor = executor or ProcessExecutor(memory_limit_bytes=plan.settings.memory_limit_bytes)
        self._progress = progress or Progress()
        self._lock = lock or MachineLock()
        self._held = ExitStack()
        self._resumed = resumed
        self._measured = {one.case: one for one in resumed.finished()} if resumed else {}
        self._begun_s = self._executor.now()
        self._scratch: Path | None = None
        self._matches = plan.matches()
        #: Whether the store knows of it.
        self.begun = False
        #: What the plan is expected to take; known when entered.
        self.forecast: Forecast | None = None
        new = RunInfo(id=make_run_id(), started_at=_now(), preset=plan.preset, planned=len(plan.cases))
        self.run = resumed.run if resumed else new

    def __enter__(self) -> Self:
        """Record the run with its environment and what its models cost.

        Raises:
            InputError: Another run is measuring, there is no room for temporary files, or the checkpoint can't be read.
            StoreError: The store can't be written.
        """
        with ExitStack() as held:
            held.enter_context(self._lock)
            self._scratch = held.enter_context(make_scratch())
            self._begun_s = self._executor.now() - self._spent_s()
            self._held = held.pop_all()
        try:
            if self._resumed:
                self._reopen(self._resumed)
            else:
                self._record()
            for model, side in dict.fromkeys((case.model, case.resolution) for case in self.plan.cases):
                self.store.save_cost(self.run.id, as_dict(count(model, side), per_layer=True))
            self.forecast = estimate_time(self.plan, self.store, self.run)
            self._progress.begin(len(self.plan.cases) - len(self._measured), self._expected_s())
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def _record(self) -> None:
        """Store a new run, with all that is needed to go on with it."""
        weights = str(self.plan.weights) if self.plan.weights else "calibrated"
        settings = {**self.plan.settings.as_dict(), "weights": weights}
        if self.plan.rivals:
            settings[RIVALS] = [list(group) for group in self.plan.rivals]
        run = replace(self.run, environment=read_environment(), settings=settings)
        document = describe_plan(self.plan)
        with finish_first():
            self._save_run(run)
            self.store.save_plan(run.id, document)

    def _reopen(self, resumed: Resumption) -> None:
        """Store that a run goes on, and what is another than it was."""
        settings = dict(resumed.run.settings)
        if not resumed.whole:
            again = {"at": _now(), "differences": list(resumed.differences)}
            settings[RESUMED] = [*settings.get(RESUMED, []), again]
        with finish_first():
            self._save_run(replace(resumed.run, status="running", finished_at="", settings=settings))

    def _save_run(self, run: RunInfo) -> None:
        self.store.save_run(run)
        self.run, self.begun = run, True

    def _spent_s(self) -> float:
        """Time that what is stored has taken [s]: a budget is that of the run, however often it is interrupted."""
        stored = self._resumed.stored if self._resumed else ()
        rounds = [part for one in stored for part in (*one.rounds, *one.repeated)]
        return sum(map(spent_s, rounds))

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Close the books; an exception of any kind leaves the run marked as interrupted."""
        with self._held:
            self._progress.end()
            if not self.begun:
                return
            whole = kind is None and len(self._measured) == len(self.plan.cases)
            settings = {**self.run.settings, TIME: self._account()}
            status = "done" if whole else "interrupted"
            with finish_first():
                self._save_run(replace(self.run, status=status, finished_at=_now(), settings=settings))

    def measure(self, case: Case) -> Measurement:
        """The measurement of a planned case; its match is measured the first time one of its cases is asked for.

        Who asks case by case wants each before the next, so a budget is shared out evenly here: which match deserves
        more is known to `measure_all` alone.
        """
        if case not in self._measured:
            match = self._make_match(next(cases for cases in self._matches if case in cases))
            measurements = match.run(self._share_of_budget(), self._save)
            self._save(measurements)
            self._finish(measurements)
        return self._measured[case]

    def measure_all(self) -> list[Measurement]:
        """Every planned case: match by match, or where there is a budget, the least certain first."""
        if self.plan.settings.budget_s is not None:
            waiting = [self._make_match(cases) for cases in self._matches if cases[0] not in self._measured]
            allocate_rounds(waiting, self._left_s, self._save, self._finish)
        return [self.measure(case) for case in self.plan.cases]

    def _expected_s(self) -> float | None:
        """Time that what is left should take [s]; None where nothing is known of it."""
        if self.forecast and not math.isnan(self.forecast.expected_s):
            return self.forecast.expected_s - (self._executor.now() - self._begun_s)
        return None if self.plan.settings.budget_s is None else self._left_s()

    def _account(self) -> dict[str, Any]:
        """What was expected of the time, and what it did not reach."""
        account = {
            **(self.forecast.as_dict() if self.forecast else {}),
            "taken_s": self._executor.now() - self._begun_s,
        }
        if len(self._measured) == len(self.plan.cases):
            account["above_target"] = find_above(list(self._measured.values()), self.plan.settings.target)
        return account

    def describe_shortfall(self) -> str:
        """Which cases are less certain than was aimed at, in words; empty where none is, or the run was stopped."""
        above = self.run.settings.get(TIME, {}).get("above_target", [])
        return describe_above(above, len(self.plan.cases), self.plan.settings.target)

    def _finish(self, measurements: Sequence[Measurement]) -> None:
        for measurement in measurements:
            self._measured[measurement.case] = measurement
            self._progress.done(measurement)

    def _make_match(self, cases: Sequence[Case]) -> InterleavedGroup:
        assert self._scratch is not None, "a session measures while it is entered"
        return InterleavedGroup(
            cases,
            settings=self.plan.settings,
            executor=self._executor,
            scratch=self._scratch,
            weights=self.plan.weights,
            watch=self._progress.step,
            stored=[one for one in (self._resumed.stored if self._resumed else ()) if one.case in cases],
        )

    def _left_s(self) -> float:
        """What is left of the budget [s]; inf without one."""
        budget_s = self.plan.settings.budget_s
        return math.inf if budget_s is None else budget_s - (self._executor.now() - self._begun_s)

    def _share_of_budget(self) -> float | None:
        """Time the next match may take [s]: an equal share of what is left, None without a budget."""
        if self.plan.settings.budget_s is None:
            return None
        waiting = sum(1 for match in self._matches if match[0] not in self._measured)
        return max(1.0, self._left_s() / max(1, waiting))

    def _save(self, measurements: Sequence[Measurement]) -> None:
        with finish_first():
            self.store.save_measurements(self.run.id, measurements)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
