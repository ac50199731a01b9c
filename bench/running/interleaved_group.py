"""A match: the backends of a model, and of its rivals, alive together, warmed, taking turns in random order.

Drift of the machine hits all of them alike, so their ratios hold where their times do not.
"""

from __future__ import annotations

import random
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.machine.interference import find_causes, interference
from bench.machine.signals import finish_first
from bench.records.measurement import read_effective
from bench.running.case_state import CaseState
from bench.running.sampling import plan_turns
from bench.running.stopping import RoundHistory, spent_s
from bench.statistics.parity import compare, find_mismatches
from bench.statistics.summary import half_width
from bench.workers.executor import WorkerError
from bench.workers.instances import open_case
from bench.workers.shared_files import REFERENCE, assets_name, prepare_task, share_weights
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from bench.records.case import Case
    from bench.records.measurement import Measurement
    from bench.records.settings import Settings
    from bench.workers.executor import Executor


#: Of the time to compile, the share that a filled cache saves; inductor was seen to need a tenth to a third with it.
_CACHED_SHARE = 0.8


class InterleavedGroup:
    """Runs the process rounds of one match and hands out what is known after each."""

    def __init__(
        self,
        cases: Sequence[Case],
        *,
        settings: Settings,
        executor: Executor,
        scratch: Path,
        weights: Path | None = None,
        watch: Callable[[Case, str], None] = lambda _case, _what: None,
        sides: Sequence[tuple[str, Executor]] = (),
        stored: Sequence[Measurement] = (),
    ) -> None:
        """A match ready to run, or to go on where it was interrupted.

        Args:
            cases: Cases with the same `Case.terms`.
            settings: The measuring settings.
            executor: Starts the processes.
            scratch: Folder of the run, for files that workers share.
            weights: A checkpoint; without it the weights are calibrated random ones.
            watch: Told of each step, as case and word.
            sides: For each case its label and its own executor, where two versions of one case are compared. One that
                fails or differs ends the match, for the other has nobody left to meet.
            stored: What is known of its cases from before it was interrupted.
        """
        first = cases[0]
        assert sides or all(case.terms == first.terms for case in cases), "a match holds cases that can be compared"
        self._sided = bool(sides)
        self._entries = [
            CaseState(case, scratch / label / assets_name(case), executor=own, side=label)
            for case, (label, own) in zip(cases, sides or [("", executor)] * len(cases), strict=True)
        ]
        self._settings, self._executor, self._watch = settings, executor, watch
        self._scratch, self._weights = scratch, weights
        self._random = random.Random(f"{settings.seed} {first.match}")
        self._prepared = False
        self.course = RoundHistory(settings, self._keep({one.case: one for one in stored}) if stored else [])
        kept = len(self.course.half_widths)
        if kept:
            self._recall()
            # The order of turns is to be another than that of the rounds before.
            self._random.seed(f"{settings.seed} {first.match} {kept}")
        #: Why measuring ended, as in `Measurement`; empty while it goes on. It may have been interrupted
        #: between its last round and the word that this was the last.
        self.stop = self.course.why_stop(None) if kept else ""

    def run(self, left_s: float | None, save: Callable[[Sequence[Measurement]], None]) -> tuple[Measurement, ...]:
        """Measure until the stopping rule is satisfied.

        Args:
            left_s: Time this match may take [s], None without a limit.
            save: Takes the measurements after every round, so that nothing finished is lost.

        Returns:
            One measurement per case, in the order given.
        """
        begun = self._executor.now()
        if self.course.half_widths and not self.stop:
            self.stop = self.course.why_stop(left_s)
        while not self.stop and self.step(save):
            self.stop = self.course.why_stop(left_s and left_s - (self._executor.now() - begun))
            save(self.measurements())
        return self.measurements()

    def step(self, save: Callable[[Sequence[Measurement]], None]) -> bool:
        """Measure one more round, which may be that in place of a dirty one; whether any case lives on.

        What workers share stays in the folder of the run, so that other matches may be measured in between.

        Args:
            save: Takes the measurements where the user stops the round.
        """
        try:
            if not self._prepared:
                self._prepare()
                self._prepared = True
            if self._alive():
                self._measure_round()
        except KeyboardInterrupt:
            self._interrupt()
            save(self.measurements())
            raise
        return bool(self._alive())

    def _measure_round(self) -> None:
        """A round, and what it changes in the course of the match."""
        course, begun = self.course, self._executor.now()
        dirty = self._run_round(index=len(course.took_s))
        with finish_first():  # rounds pair by their place: either every case has its dirty one replaced, or none
            if course.note(self._executor.now() - begun, dirty=dirty):
                for entry in self._alive():
                    entry.replace_round()
            course.saved_s = self._saved_by_caches() if len(course.took_s) == 1 else 0.0
            course.half_widths.append([half_width(entry.rounds) for entry in self._alive()])

    def _keep(self, stored: Mapping[Case, Measurement]) -> list[list[float]]:
        """Take over what is stored; the half-widths after each round that all of those still alive have."""
        for entry in self._entries:
            if entry.case in stored:
                entry.keep(stored[entry.case])
        alive = self._alive()
        whole = min((len(entry.rounds) for entry in alive), default=0)
        for entry in alive:
            del entry.rounds[whole:]  # the books of one were closed when the stop came, the others' were not
        return [[half_width(entry.rounds[:count]) for entry in alive] for count in range(1, whole + 1)]

    def _recall(self) -> None:
        """Let the course know of the rounds that were kept; what the machine did was the same for all cases."""
        alive = self._alive()
        longest_s = sum(max(map(spent_s, entry.rounds)) for entry in alive)
        self.course.recall([bool(find_causes(part.interference)) for part in alive[0].rounds], longest_s)

    def _saved_by_caches(self) -> float:
        """Time [s] by which our second round is shorter than the first, which compiled from nothing."""
        compiled = [entry.rounds[-1].phases_s.get("compile", 0.0) for entry in self._alive() if entry.built["caches"]]
        return _CACHED_SHARE * sum(compiled)

    def _alive(self) -> list[CaseState]:
        if self._sided and any(entry.status != "ok" for entry in self._entries):
            return []
        return [entry for entry in self._entries if entry.alive]

    def _prepare(self) -> None:
        """Make what the workers share, for each model, side and batch; where that fails, its cases do and no others.

        Raises:
            InputError: The checkpoint can't be used.
        """
        sharing: dict[Path, list[CaseState]] = {}
        for entry in self._alive():
            sharing.setdefault(entry.assets, []).append(entry)
        for assets, entries in sharing.items():
            try:
                assets.mkdir(parents=True, exist_ok=True)
                prepared = self._prepare_model(entries)
            except (WorkerError, OSError, InputError) as error:
                if isinstance(error, InputError) and not self._is_news(entries[0]):
                    raise
                for entry in entries:
                    entry.fail(error)
            else:
                for entry in entries:
                    entry.prepared = prepared

    def _is_news(self, entry: CaseState) -> bool:
        """Whether what its build can't take, such as a model it does not know, is a finding and not a wrong call."""
        return self._sided and (self._weights is None or entry is not self._entries[0])

    def _prepare_model(self, entries: Sequence[CaseState]) -> dict[str, Any]:
        """Make weights, inputs, reference logits and the exports that backends need."""
        first = entries[0]
        cases = [entry.case for entry in entries]
        task = prepare_task(cases, first.assets, self._settings.seed, self._weights)
        self._watch(first.case, "prepare")
        if not self._sided:  # two builds need not agree on what random weights are
            share_weights(first.assets)
        return first.executor.prepare(task, self._settings.limit_s)

    def _run_round(self, index: int) -> bool:
        """Fresh workers, built one after the other, then turns, then their books closed; whether it was dirty.

        Args:
            index: Of the round among ours: what was compiled before an interruption is gone.
        """
        try:
            # Whoever starts first may lie better in memory; with a coin for each round neither side has it for good.
            entries = self._alive()
            for entry in self._random.sample(entries, len(entries)) if self._sided else entries:
                self._open(entry, index)
            before = self._executor.read_usage()  # of the sampling alone: compiling loads the machine by itself
            self._take_turns()
            found = interference(before, self._executor.read_usage())
            for entry in self._alive():
                entry.close_round(index, found)
            return bool(find_causes(found))
        finally:
            with ExitStack() as closing:  # Ctrl-C while one is being ended must not spare the others
                for entry in self._entries:
                    closing.callback(entry.close)

    def _open(self, entry: CaseState, index: int) -> None:
        """Start a worker, let it build and warm up, and compare its logits with the reference."""
        logits = entry.assets / "logits.npy"
        settings = self._settings
        try:
            self._watch(entry.case, "build" if index else "build and compile")
            scratch = self._scratch / entry.side
            entry.handle = open_case(entry.executor, entry.case, entry.assets, scratch, settings.limit_s)
            entry.built = entry.ask("build", logits_path=str(logits))
            entry.effective = read_effective(entry.built["effective"])
            entry.parity = compare(np.load(entry.assets / REFERENCE), np.load(logits), entry.case.precision)
            mismatches = find_mismatches(entry.case, entry.effective, entry.parity)
            if mismatches:
                entry.status, entry.reason = "mismatch", "; ".join(mismatches)
            self._watch(entry.case, "warm up")
            entry.warmed = entry.ask("warm_up", max_s=settings.warm_s, max_calls=settings.warm_calls)
        except (WorkerError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            entry.fail(error)  # of the last three, another build may be the cause
            entry.close()
        entry.turns, entry.requests, entry.switches = [], [], 0

    def _take_turns(self) -> None:
        """Turns of all live workers, each time in a new random order."""
        turns = plan_turns(self._settings, [entry.warmed["median_s"] for entry in self._alive()])
        for _ in range(turns):
            for entry in self._random.sample(self._alive(), len(self._alive())):
                self._watch(entry.case, "sample")
                try:
                    taken = entry.ask("take_turn", slice_s=self._settings.slice_s, max_calls=10_000)
                except WorkerError as error:
                    entry.fail(error)
                    entry.close()
                    continue
                entry.turns.append(tuple(taken["samples_s"]))
                if "requests_s" in taken:
                    entry.requests.append(tuple(taken["requests_s"]))
                entry.switches += taken["involuntary_switches"]

    def _interrupt(self) -> None:
        """Cases without a whole round are marked; those with one keep it."""
        self.stop = "interrupted"
        for entry in self._alive():
            if not entry.rounds:
                entry.status, entry.reason = "interrupted", "stopped by the user before its first round was whole"

    def measurements(self) -> tuple[Measurement, ...]:
        """What is known, one measurement per case in the order given."""
        return tuple(entry.measurement(self.stop) for entry in self._entries)
