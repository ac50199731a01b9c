"""An interleaved group: cases whose workers are alive together, warmed, and take turns in random order.

A drift of the machine affects all cases alike, so ratios of their times are reliable even if the times are not.
A run makes a group of the backends of a model and of the models compared with it; a comparison and the self-test make
one of two builds, see `bench.running.paired_builds`.
"""

from __future__ import annotations

import random
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from analysis.schema import SchemaError
from bench.backends.registry import info_of
from bench.machine.interference import find_causes, interference
from bench.machine.signals import finish_first
from bench.running.case_state import CaseState
from bench.running.energy_meter import EnergyMeter
from bench.running.stopping import RoundHistory, spent_s
from bench.running.turns import count_turns, plan_slowdowns, take_turns
from bench.statistics.summary import half_width
from bench.workers.executor import WorkerError, make_fault
from bench.workers.shared_files import assets_name, find_fault, prepare_task, share_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bench.records.calibration import CalibrationSet
    from bench.records.case import Case
    from bench.records.measurement import Measurement
    from bench.records.pictures import PictureSet
    from bench.records.settings import Settings
    from bench.running.case_state import Prepare
    from bench.workers.executor import Executor
    from rexnet_core.preprocess import Preprocessing


#: Share of the compile time that a filled cache saves: with one, inductor needed a tenth to a third of the time.
_CACHED_SHARE = 0.8


class InterleavedGroup:
    """Measures process rounds of a group and gives what is known after each."""

    def __init__(
        self,
        cases: Sequence[Case],
        *,
        settings: Settings,
        executor: Executor,
        scratch: Path,
        weights: Path | None = None,
        weights_entry: str | None = None,
        calibration: CalibrationSet | None = None,
        pictures: PictureSet | None = None,
        steps: Preprocessing | None = None,
        watch: Callable[[Case, str], None] = lambda _case, _step: None,
        stored: Sequence[Measurement] = (),
        builds: Sequence[tuple[str, Executor, Prepare]] = (),
        all_or_none: bool = False,
        shuffle_opening: bool = False,
        slowdowns: Sequence[float] = (),
        faults: Mapping[str, tuple[str, str]] | None = None,
        fingerprints: Mapping[str, str] | None = None,
    ) -> None:
        """A group that has not begun, or one to continue after an interruption.

        Args:
            cases: Cases with the same `Case.terms`, or with `builds` any.
            settings: The measuring settings.
            executor: Reads clock and machine, and starts the processes where no `builds` are given.
            scratch: Folder of the run, for files that workers share.
            weights: A checkpoint; without it the weights are calibrated random ones.
            weights_entry: Which entry of the checkpoint to take where several hold weights.
            calibration: What quantised models are calibrated on; None for generated inputs.
            pictures: What cases of the end-to-end scenario begin with; None for generated ones.
            steps: How pictures are prepared; None for the model's own way.
            watch: Called at each step with the case and the name of the step.
            stored: What was measured of the cases before an interruption.
            builds: For each case the label and executor of its build, and how its files are made; default is one build
                without a label.
            all_or_none: Whether a case that fails, or is a mismatch, ends the group.
            shuffle_opening: Whether workers start in random order instead of the order of the cases.
            slowdowns: Shares by which the worker of the last case is slowed in additional turns of every round.
            faults: Status and reason of models that can't be measured, by name.
            fingerprints: What models are now, by name, where that may be other than their cases say: a run may be
                resumed although a model has changed.
        """
        first = cases[0]
        assert builds or all(case.terms == first.terms for case in cases), "a group holds cases that can be compared"
        self.states = [
            CaseState(case, scratch / label / assets_name(case), own, prepare, label, limit_s=settings.limit_s)
            for case, (label, own, prepare) in zip(
                cases, builds or [("", executor, executor.prepare)] * len(cases), strict=True
            )
        ]
        self._settings, self._executor, self._watch = settings, executor, watch
        self._meter = EnergyMeter(executor, reads=not builds)
        self._scratch, self._weights, self._weights_entry = scratch, weights, weights_entry
        self._calibration, self._pictures, self._steps = calibration, pictures, steps
        self._all_or_none, self._shuffle_opening, self._slowdowns = all_or_none, shuffle_opening, slowdowns
        self._random = random.Random(f"{settings.seed} {first.match}")
        self._prepared, self._faults, self._fingerprints = False, faults or {}, fingerprints or {}
        self.history = RoundHistory(settings, self._restore({known.case: known for known in stored}) if stored else [])
        kept = len(self.history.half_widths)
        if kept:
            self._restore_history()
            # Turns must not repeat the order they had in the rounds before the interruption.
            self._random.seed(f"{settings.seed} {first.match} {kept}")
        #: Why measuring ended, as in `Measurement`; empty while it continues. A group that was interrupted after its
        #: last round, before the stop reason was saved, has one from the start.
        self.stop = self.history.why_stop(None) if kept else ""

    def run(self, left_s: float | None, save: Callable[[Sequence[Measurement]], None]) -> tuple[Measurement, ...]:
        """Measure until the stopping rule is satisfied, or the time left to this group [s] is over (None: no limit).

        Measurements, one per case in the order given, are saved after every round, so that nothing finished is lost.
        """
        begun = self._executor.now()
        if self.history.half_widths and not self.stop:
            self.stop = self.history.why_stop(left_s)
        while not self.stop and self.step(save):
            self.stop = self.history.why_stop(left_s and left_s - (self._executor.now() - begun))
            save(self.measurements())
        return self.measurements()

    def step(self, save: Callable[[Sequence[Measurement]], None]) -> bool:
        """Measure one more round, or repeat a disturbed one; whether a case is left that can be measured.

        Files that workers share stay in the folder of the run, so that other groups may be measured in between.
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

    def check(self) -> None:
        """Let each case compute once, one after the other, and compare; nothing is timed, and no round is kept."""
        for state in self.build_each():
            state.close()

    def build_each(self) -> Iterator[CaseState]:
        """Each case that can be built, once it has computed and been compared; the caller ends its worker."""
        self._prepare()
        for state in self._alive():
            try:
                self._watch(state.case, "build and compile")
                state.build(self._scratch)
            except (WorkerError, SchemaError, OSError) as error:
                state.fail(error)
                state.close()
            except BaseException:
                state.close()
                raise
            else:
                yield state

    def measurements(self) -> tuple[Measurement, ...]:
        """What is known, one measurement per case in the order given."""
        return tuple(state.measurement(self.stop) for state in self.states)

    def _measure_round(self) -> None:
        history, begun = self.history, self._executor.now()
        disturbed = self._run_round(index=len(history.took_s))
        with finish_first():  # rounds pair by their index: the disturbed one is replaced for every case or for none
            if history.add_round(self._executor.now() - begun, disturbed=disturbed):
                for state in self._alive():
                    state.replace_round()
            history.saved_s = self._estimate_cache_gain_s() if len(history.took_s) == 1 else 0.0
            history.half_widths.append([half_width(state.rounds) for state in self._alive()])

    def _restore(self, stored: Mapping[Case, Measurement]) -> list[list[float]]:
        """Take over what is stored; the half-widths after each round that all cases still alive have."""
        for state in self.states:
            if state.case in stored:
                state.restore(stored[state.case])
        alive = self._alive()
        complete = min((len(state.rounds) for state in alive), default=0)
        for state in alive:
            del state.rounds[complete:]  # an interruption may come after some cases have closed a round
        return [[half_width(state.rounds[:count]) for state in alive] for count in range(1, complete + 1)]

    def _restore_history(self) -> None:
        """Enter the stored rounds into the history; interference was the same for all cases."""
        alive = self._alive()
        longest_s = sum(max(map(spent_s, state.rounds)) for state in alive)
        self.history.restore([bool(find_causes(stored.interference)) for stored in alive[0].rounds], longest_s)

    def _estimate_cache_gain_s(self) -> float:
        """Time [s] by which the second round is shorter than the first, which compiled from nothing."""
        compiled = [state.rounds[-1].phases_s.get("compile", 0.0) for state in self._alive() if state.built["caches"]]
        return _CACHED_SHARE * sum(compiled)

    def _alive(self) -> list[CaseState]:
        if self._all_or_none and any(state.status != "ok" for state in self.states):
            return []
        return [state for state in self.states if state.alive]

    def _prepare(self) -> None:
        """Make the files that workers share, for each model, build and batch; a failure fails the cases it concerns."""
        sharing: dict[Path, list[CaseState]] = {}
        for state in self._alive():
            if state.case.model in self._faults:
                state.fail(make_fault(*self._faults[state.case.model]))
            elif why := info_of(state.case.backend).why_unsupported_model(state.case):
                state.fail(make_fault("unsupported", why))
            else:
                sharing.setdefault(state.assets, []).append(state)
        for assets, states in sharing.items():
            try:
                assets.mkdir(parents=True, exist_ok=True)
                prepared = self._prepare_model(states)
            except (WorkerError, OSError) as error:
                for state in states:
                    state.fail(error)
            else:
                for state in states:
                    state.prepared = prepared
                    if fault := find_fault(prepared, state.case):
                        state.fail(make_fault(*fault))

    def _prepare_model(self, states: Sequence[CaseState]) -> dict[str, Any]:
        first = states[0]
        cases = [state.case for state in states]
        task = prepare_task(
            cases,
            first.assets,
            self._settings.seed,
            weights=self._weights,
            weights_entry=self._weights_entry,
            calibration=self._calibration,
            pictures=self._pictures,
            steps=self._steps,
        )
        task["fingerprint"] = self._fingerprints.get(first.case.model, task["fingerprint"])
        self._watch(first.case, "prepare")
        share_weights(first.assets)
        # A backend quantises as long as a case may take; all of them do so one after the other.
        return first.prepare(task, self._settings.limit_s * (1 + len(task["quantized"])))

    def _run_round(self, index: int) -> bool:
        """Start workers one after the other, let them take turns, keep their answers; whether the round was disturbed.

        Rounds are counted within this process: compiled code from before an interruption is gone.
        """
        try:
            states = self._alive()
            # A process that starts first may get a better place in memory; a random order favours no build for long.
            for state in self._random.sample(states, len(states)) if self._shuffle_opening else states:
                self._open(state, index)
            self._meter.start_round()
            before = self._executor.read_usage()  # of the sampling alone: compiling loads the machine by itself
            turns = count_turns(self._settings, [state.warmed["median_s"] for state in self._alive()])
            take_turns(plan_slowdowns(turns, self._slowdowns, self._random), self._alive, self._take_turn, self._random)
            machine = interference(before, self._executor.read_usage())
            for state in self._alive():
                state.close_round(index, machine, self._meter.describe(state.case, state.readings))
            return bool(find_causes(machine))
        finally:
            with ExitStack() as closing:  # Ctrl-C while one worker is being ended must not spare the others
                for state in self.states:
                    closing.callback(state.close)

    def _open(self, state: CaseState, index: int) -> None:
        settings = self._settings
        state.start_round()
        try:
            self._watch(state.case, "build" if index else "build and compile")
            state.build(self._scratch / state.label)
            self._watch(state.case, "warm up")
            state.warmed = state.ask("warm_up", max_s=settings.warm_s, max_calls=settings.warm_calls)
        except (WorkerError, SchemaError, OSError) as error:
            state.fail(error)
            state.close()

    def _take_turn(self, state: CaseState, slow_by: float) -> None:
        """Let a live worker take one turn; in turns with a slowdown, that of the last case is slowed."""
        self._watch(state.case, "sample")
        slow = {"slow_by": slow_by} if slow_by and state is self.states[-1] else {}
        before = None if slow_by else self._meter.read()
        try:
            answer = state.ask("take_turn", slice_s=self._settings.slice_s, max_calls=10_000, **slow)
        except WorkerError as error:
            state.fail(error)
            state.close()
        else:
            state.add_readings(before, before and self._meter.read(), answer)
            state.add_turn(answer, slow_by)

    def _interrupt(self) -> None:
        """Mark the cases without a complete round; the others keep their rounds."""
        self.stop = "interrupted"
        for state in self._alive():
            if not state.rounds:
                state.status, state.reason = "interrupted", "stopped by the user before its first round was complete"
