"""A match: cases that differ in the runtime alone, alive together, warmed, taking turns in random order.

Drift of the machine hits all of them alike, so their ratios hold where their times do not.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.assets import REFERENCE
from bench.contamination import contamination, read_usage
from bench.executor import WorkerError
from bench.measure import decide, plan_turns
from bench.parity import compare, find_mismatches
from bench.records import Effective, Measurement, Round
from bench.stats import half_width

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bench.case import Case
    from bench.executor import Executor, Handle
    from bench.measure import Settings
    from bench.records import Parity


#: Of the time to compile, the share that a filled cache saves; inductor was seen to need a tenth to a third with it.
_CACHED_SHARE = 0.8


@dataclass(slots=True)
class _Entry:
    """What is known of a case so far, and its live worker."""

    case: Case
    handle: Handle | None = None
    status: str = "ok"
    reason: str = ""
    rounds: list[Round] = field(default_factory=list)
    parity: Parity | None = None
    effective: Effective = field(default_factory=Effective)
    built: dict[str, Any] = field(default_factory=dict)
    warmed: dict[str, Any] = field(default_factory=dict)
    turns: list[tuple[float, ...]] = field(default_factory=list)
    switches: int = 0

    @property
    def alive(self) -> bool:
        return self.status in {"ok", "mismatch"}

    def fail(self, error: Exception) -> None:
        if isinstance(error, WorkerError):
            self.status, self.reason = error.status, str(error)
        else:
            self.status, self.reason = "failed", f"{type(error).__name__}: {error}"

    def close(self) -> None:
        if self.handle:
            self.handle.close()
            self.handle = None


class Match:
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
    ) -> None:
        """A match ready to run.

        Args:
            cases: Cases with the same `Case.match`.
            settings: The measuring settings.
            executor: Starts the processes.
            scratch: Folder of the run, for files that workers share.
            weights: A checkpoint; without it the weights are calibrated random ones.
            watch: Told of each step, as case and word.
        """
        first = cases[0]
        assert all(case.match == first.match for case in cases), "a match holds cases that can be compared"
        self._entries = [_Entry(case) for case in cases]
        self._settings, self._executor, self._watch = settings, executor, watch
        self._scratch, self._weights = scratch, weights
        self._assets = scratch / f"{first.model}-{first.resolution}"
        self._random = random.Random(f"{settings.seed} {first.match}")
        self._prepared: dict[str, float | None] = {}

    def run(self, left_s: float | None, save: Callable[[Sequence[Measurement]], None]) -> tuple[Measurement, ...]:
        """Measure until the stopping rule is satisfied.

        Args:
            left_s: Time this match may take [s], None without a limit.
            save: Takes the measurements after every round, so that nothing finished is lost.

        Returns:
            One measurement per case, in the order given.
        """
        begun = self._executor.now()
        half_widths: list[list[float]] = []
        stop = ""
        try:
            self._prepare()
            while not stop and self._alive():
                round_begun = self._executor.now()
                self._run_round(index=len(half_widths))
                now = self._executor.now()
                half_widths.append([half_width(entry.rounds) for entry in self._alive()])
                next_s = now - round_begun - (self._saved_by_caches() if len(half_widths) == 1 else 0.0)
                stop = decide(self._settings, half_widths, left_s and left_s - (now - begun), next_s)
                save(self._measurements(stop))
        except KeyboardInterrupt:
            self._interrupt()
            save(self._measurements("interrupted"))
            raise
        return self._measurements(stop)

    def _saved_by_caches(self) -> float:
        """Time [s] by which the second round is shorter than the first, which compiled from nothing."""
        compiled = [entry.rounds[0].phases_s["compile"] for entry in self._alive() if entry.built["caches"]]
        return _CACHED_SHARE * sum(compiled)

    def _alive(self) -> list[_Entry]:
        return [entry for entry in self._entries if entry.alive]

    def _prepare(self) -> None:
        """Make weights, inputs, reference logits and, where needed, the OpenVINO representation.

        Raises:
            InputError: The checkpoint can't be used.
        """
        first = self._entries[0].case
        task = {
            "model": first.model,
            "resolution": first.resolution,
            "batch": first.batch,
            "threads": first.threads,
            "seed": self._settings.seed,
            "weights": str(self._weights) if self._weights else None,
            "folder": str(self._assets),
            "ir": any(entry.case.backend == "openvino" for entry in self._entries),
        }
        self._watch(first, "prepare")
        try:
            self._assets.mkdir(parents=True, exist_ok=True)
            self._prepared = self._executor.prepare(task, self._settings.limit_s)
        except (WorkerError, OSError) as error:
            for entry in self._entries:
                entry.fail(error)

    def _run_round(self, index: int) -> None:
        """Fresh workers, built one after the other, then turns, then their books closed."""
        try:
            for entry in self._alive():
                self._open(entry, index)
            before = read_usage()  # of the sampling alone: compiling loads the machine by itself
            self._take_turns()
            after = contamination(before, read_usage())
            for entry in self._alive():
                self._close_round(entry, index, after)
        finally:
            for entry in self._entries:
                entry.close()

    def _open(self, entry: _Entry, index: int) -> None:
        """Start a worker, let it build and warm up, and compare its logits with the reference."""
        logits = self._assets / "logits.npy"
        settings = self._settings
        try:
            self._watch(entry.case, "build" if index else "build and compile")
            entry.handle = self._executor.open(entry.case, self._assets, self._scratch, settings.limit_s)
            entry.built = entry.handle.ask("build", logits_path=str(logits))
            entry.effective = Effective(**entry.built["effective"])
            entry.parity = compare(np.load(self._assets / REFERENCE), np.load(logits), entry.case.precision)
            mismatches = find_mismatches(entry.case, entry.effective, entry.parity)
            if mismatches:
                entry.status, entry.reason = "mismatch", "; ".join(mismatches)
            self._watch(entry.case, "warm up")
            entry.warmed = entry.handle.ask("warm_up", max_s=settings.warm_s, max_calls=settings.warm_calls)
        except (WorkerError, OSError, ValueError) as error:
            entry.fail(error)
            entry.close()
        entry.turns, entry.switches = [], 0

    def _take_turns(self) -> None:
        """Turns of all live workers, each time in a new random order."""
        turns = plan_turns(self._settings, [entry.warmed["median_s"] for entry in self._alive()])
        for _ in range(turns):
            for entry in self._random.sample(self._alive(), len(self._alive())):
                self._watch(entry.case, "sample")
                assert entry.handle is not None
                try:
                    taken = entry.handle.ask("take_turn", slice_s=self._settings.slice_s, max_calls=10_000)
                except WorkerError as error:
                    entry.fail(error)
                    entry.close()
                    continue
                entry.turns.append(tuple(taken["samples_s"]))
                entry.switches += taken["involuntary_switches"]

    def _close_round(self, entry: _Entry, index: int, machine: dict[str, float | None]) -> None:
        """Turn what the worker gave into a record."""
        assert entry.handle is not None
        try:
            memory = entry.handle.ask("memory")
        except WorkerError as error:
            entry.fail(error)
            return
        phases = {**entry.built["phases_s"], "warm_up": entry.warmed["elapsed_s"]}
        if entry.case.backend == "openvino":
            phases["build"] += self._prepared.get("build_s") or 0.0
            phases["convert"] += self._prepared.get("convert_s") or 0.0
        entry.rounds.append(
            Round(
                turns_s=tuple(entry.turns),
                phases_s=phases,
                compile_cache=("cached" if index else "cold") if entry.built["caches"] else None,
                warmup_calls=entry.warmed["calls"],
                steady=entry.warmed["steady"],
                contamination={**machine, "involuntary_switches": entry.switches},
                **memory,
            )
        )

    def _interrupt(self) -> None:
        """Cases without a whole round are marked; those with one keep it."""
        for entry in self._alive():
            if not entry.rounds:
                entry.status, entry.reason = "interrupted", "stopped by the user before its first round was whole"

    def _measurements(self, stop: str) -> tuple[Measurement, ...]:
        return tuple(
            Measurement(
                case=entry.case,
                status=entry.status,
                reason=entry.reason,
                rounds=tuple(entry.rounds),
                parity=entry.parity,
                effective=entry.effective,
                stop_reason=stop if entry.alive else "",
                notes=tuple(_doubts(entry)),
            )
            for entry in self._entries
        )


def _doubts(entry: _Entry) -> list[str]:
    """What a reader should know before leaning on the numbers."""
    doubts = []
    if any(not part.steady for part in entry.rounds):
        doubts.append("warm-up reached its cap before two windows agreed")
    if entry.case.backend == "openvino" and entry.rounds:
        doubts.append("build and conversion were timed once for the match, in the process that prepares it")
    return doubts
