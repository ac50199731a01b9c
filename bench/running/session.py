"""A run: it measures the groups of a plan, and stores each round at once. It uses no global state."""

from __future__ import annotations

import math
import sys
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from analysis.complexity import count
from analysis.complexity.frame import as_dict
from bench.machine.environment import read_environment
from bench.machine.lock import MachineLock
from bench.machine.scratch import make_scratch
from bench.machine.signals import finish_first
from bench.records.run import RunInfo, make_run_id, read_clock
from bench.running.interleaved_group import InterleavedGroup
from bench.running.progress import Progress
from bench.running.resume import RESUMED, describe_plan
from bench.running.scheduling import allocate_rounds
from bench.running.stopping import spent_s
from bench.running.time_estimate import TIME, describe_above, estimate_time, find_above
from bench.statistics.model_ratios import RIVALS
from bench.statistics.result import PRECISIONS_MEET
from bench.workers.executor import ProcessExecutor
from rexnet_core.sources.registry import REGISTERED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from bench.planning.plan import Plan
    from bench.records.case import Case
    from bench.records.measurement import Measurement
    from bench.running.resume import Resumption
    from bench.running.time_estimate import TimeEstimate
    from bench.store.store import Store
    from bench.workers.executor import Executor


class Session:
    """One run, as a context: recorded on entry, and marked as done or interrupted on exit.

    Between entry and exit no other run on the machine measures.
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
        """A run that has not begun, or was interrupted; by default workers are processes and nothing is shown."""
        self.plan, self.store = plan, store
        self._executor = executor or ProcessExecutor(memory_limit_bytes=plan.settings.memory_limit_bytes)
        self._progress = progress or Progress()
        self._lock = lock or MachineLock()
        self._held = ExitStack()
        self._resumed = resumed
        self._measured = {known.case: known for known in resumed.finished()} if resumed else {}
        self._begun_s = self._executor.now()
        self._scratch: Path | None = None
        self._groups = plan.matches()
        #: Whether the run is in the store.
        self.begun = False
        #: How long the plan is expected to take; known after entry.
        self.forecast: TimeEstimate | None = None
        new = RunInfo(id=make_run_id(), started_at=read_clock(), preset=plan.preset, planned=len(plan.cases))
        self.run = resumed.run if resumed else new

    def __enter__(self) -> Self:
        """Record the run, its environment and the costs of its models.

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
            for cost in self._list_costs():
                self.store.save_cost(self.run.id, cost)
            self.forecast = estimate_time(self.plan, self.store, self.run)
            self._progress.begin(len(self.plan.cases) - len(self._measured), self._expected_s())
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def _list_costs(self) -> Iterator[Mapping[str, Any]]:
        """What the models of the plan cost.

        A plan from the store knows its own networks, and has stored the others, and those with a checkpoint.
        """
        if self.plan.subjects:
            measured = {(case.model, case.fingerprint) for case in self.plan.cases}
            for subject in self.plan.subjects:
                if subject.cost is not None and (subject.model, subject.fingerprint) in measured:
                    yield subject.cost
            return
        usual = [] if self.plan.weights else self.plan.cases
        registered = [case for case in usual if case.source == REGISTERED and not case.shape]
        for model, side in dict.fromkeys((case.model, case.resolution) for case in registered):
            yield as_dict(count(model, side), per_layer=True)

    def _record(self) -> None:
        weights = str(self.plan.weights) if self.plan.weights else "calibrated"
        settings = {**self.plan.settings.as_dict(), "weights": weights, PRECISIONS_MEET: True}
        if self.plan.weights_entry:
            settings["weights_entry"] = self.plan.weights_entry
        if self.plan.quantizes:
            settings["calibration"] = self.plan.calibration.source or self.plan.calibration.name
        if self.plan.shows_pictures:
            settings["pictures"] = self.plan.pictures.source or self.plan.pictures.name
        if self.plan.rivals:
            settings[RIVALS] = [list(group) for group in self.plan.rivals]
        run = replace(self.run, environment=read_environment(), settings=settings)
        document = describe_plan(self.plan)
        with finish_first():
            self._save_run(run)
            self.store.save_plan(run.id, document)

    def _reopen(self, resumed: Resumption) -> None:
        settings = dict(resumed.run.settings)
        if not resumed.whole:
            entry = {"at": read_clock(), "differences": list(resumed.differences)}
            settings[RESUMED] = [*settings.get(RESUMED, []), entry]
        with finish_first():
            self._save_run(replace(resumed.run, status="running", finished_at="", settings=settings))

    def _save_run(self, run: RunInfo) -> None:
        self.store.save_run(run)
        self.run, self.begun = run, True

    def _spent_s(self) -> float:
        """Time that the stored rounds took [s]: a budget covers the whole run, however often it is interrupted."""
        stored = self._resumed.stored if self._resumed else ()
        return sum(spent_s(done) for known in stored for done in (*known.rounds, *known.repeated))

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Store how the run ended; after an exception of any kind it is marked as interrupted."""
        with self._held:
            self._progress.end()
            if not self.begun:
                return
            whole = kind is None and len(self._measured) == len(self.plan.cases)
            settings = {**self.run.settings, TIME: self._account()}
            status = "done" if whole else "interrupted"
            with finish_first():
                self._save_run(replace(self.run, status=status, finished_at=read_clock(), settings=settings))

    def measure(self, case: Case) -> Measurement:
        """The measurement of a planned case; its group is measured when the first of its cases is asked for.

        A caller that asks case by case needs each case before the next, so every group gets an equal share of a budget.
        Only `measure_all` can give more to a group that is less certain.
        """
        if case not in self._measured:
            group = self._make_group(next(cases for cases in self._groups if case in cases))
            measurements = group.run(self._share_of_budget(), self._save)
            self._save(measurements)
            self._finish(measurements)
        return self._measured[case]

    def measure_all(self) -> list[Measurement]:
        """Every planned case: group by group, or with a budget, a round of each in turn."""
        if self.plan.settings.budget_s is not None:
            waiting = [self._make_group(cases) for cases in self._groups if cases[0] not in self._measured]
            allocate_rounds(waiting, self._left_s, self._save, self._finish)
        return [self.measure(case) for case in self.plan.cases]

    def _expected_s(self) -> float | None:
        """Time that the rest of the plan should take [s]; None where there is no estimate."""
        if self.forecast and not math.isnan(self.forecast.expected_s):
            return self.forecast.expected_s - (self._executor.now() - self._begun_s)
        return None if self.plan.settings.budget_s is None else self._left_s()

    def _account(self) -> dict[str, Any]:
        account = {
            **(self.forecast.as_dict() if self.forecast else {}),
            "taken_s": self._executor.now() - self._begun_s,
        }
        if len(self._measured) == len(self.plan.cases):
            account["above_target"] = find_above(list(self._measured.values()), self.plan.settings.target)
        return account

    def describe_shortfall(self) -> str:
        """Which cases are above the target, in words; empty where there are none, or where the run was stopped."""
        above = self.run.settings.get(TIME, {}).get("above_target", [])
        return describe_above(above, len(self.plan.cases), self.plan.settings.target)

    def _finish(self, measurements: Sequence[Measurement]) -> None:
        for measurement in measurements:
            self._measured[measurement.case] = measurement
            self._progress.done(measurement)

    def _make_group(self, cases: Sequence[Case]) -> InterleavedGroup:
        assert self._scratch is not None, "a session measures while it is entered"
        return InterleavedGroup(
            cases,
            settings=self.plan.settings,
            executor=self._executor,
            scratch=self._scratch,
            weights=self.plan.weights,
            weights_entry=self.plan.weights_entry,
            calibration=self.plan.calibration,
            pictures=self.plan.pictures,
            watch=self._progress.step,
            fingerprints={one.model: one.fingerprint for one in self.plan.subjects},
            faults={one.model: one.fault for one in self.plan.subjects if one.fault},
            stored=[known for known in (self._resumed.stored if self._resumed else ()) if known.case in cases],
        )

    def _left_s(self) -> float:
        """Time left of the budget [s]; inf without a budget."""
        budget_s = self.plan.settings.budget_s
        return math.inf if budget_s is None else budget_s - (self._executor.now() - self._begun_s)

    def _share_of_budget(self) -> float | None:
        """Time the next group may take [s]: an equal share of the time left; None without a budget."""
        if self.plan.settings.budget_s is None:
            return None
        waiting = sum(1 for group in self._groups if group[0] not in self._measured)
        return max(1.0, self._left_s() / max(1, waiting))

    def _save(self, measurements: Sequence[Measurement]) -> None:
        with finish_first():
            self.store.save_measurements(self.run.id, measurements)
