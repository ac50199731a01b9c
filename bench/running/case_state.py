"""What is known of a case of an interleaved group so far, and its live worker."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.schema import SchemaError
from bench.backends.arithmetic import find_doubts
from bench.backends.instruction_sets import find_shortfalls
from bench.backends.registry import info_of
from bench.records.case import END_TO_END, FULL_PRECISION, QUANTIZED, TRAIN
from bench.records.files import HELD_OUT, LABELS, REFERENCE
from bench.records.measurement import Effective, Measurement, Round
from bench.records.pictures import pictures_folder
from bench.records.schemas import read_effective, read_layers
from bench.records.training import FROZEN, training_folder
from bench.running.energy_meter import TurnReadings
from bench.running.turns import FULL_SPEED
from bench.statistics.agreement import compare_images
from bench.statistics.fallback import find_fallback
from bench.statistics.parity import compare, find_mismatches
from bench.statistics.training_parity import compare_steps
from bench.workers.answers import check_answer, describe_fault, read_logits
from bench.workers.executor import WorkerError
from bench.workers.instances import open_case
from bench.workers.shared_files import export_times
from rexnet_core.errors import RexbenchError
from rexnet_core.sources.source import EAGER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from bench.machine.energy import Reading
    from bench.records.case import Case
    from bench.records.energy import Energy
    from bench.records.measurement import Agreement, LayerRun, Parity
    from bench.workers.executor import Executor, Handle

    Prepare = Callable[[dict[str, Any], float], dict[str, Any]]


#: What a row keeps of the answer of the preparing process.
_TOLD = frozenset({"weights_entry", "weights", "calibration"})


@dataclass(slots=True)
class CaseState:
    """What is known of a case so far, and its live worker.

    Args:
        assets: Folder of the files that the case shares with others of its model, resolution and batch size.
        prepare: Makes the shared files, as `bench.workers.executor.Executor.prepare`.
        label: ``base`` or ``head`` where two builds or settings of one case are compared; else empty.
        repeated: Disturbed rounds that an undisturbed repetition has replaced.
        slowed: For each slowdown of a self-test its turns, as rounds that belong to those in `rounds`.
        prepared: What `bench.assets.prepare` reported of making the shared files.
        built: The worker's answer to ``build`` in the round under way.
        warmed: Its answer to ``warm_up`` in the round under way.
        turns: Samples [s] of the round under way, by the share by which the worker was slowed, then by turn.
        requests: Times of its requests [s], by turn; empty except in the throughput scenario.
        parts: Times of the parts of its calls [s]; empty where a call has none.
        switches: Involuntary context switches in the turns of the round under way.
        readings: Counters of energy around its turns at full speed; empty where there are none.
        unprofiled: Why the layers of a quantised model are not known; empty where they are.
        limit_s: Time that the case may take in one round [s].
    """

    case: Case
    assets: Path
    executor: Executor
    prepare: Prepare
    label: str = ""
    handle: Handle | None = None
    status: str = "ok"
    reason: str = ""
    rounds: list[Round] = field(default_factory=list)
    repeated: list[Round] = field(default_factory=list)
    slowed: dict[float, list[Round]] = field(default_factory=dict)
    parity: Parity | None = None
    agreement: Agreement | None = None
    layers: tuple[LayerRun, ...] = ()
    unprofiled: str = ""
    effective: Effective = field(default_factory=Effective)
    prepared: dict[str, Any] = field(default_factory=dict)
    built: dict[str, Any] = field(default_factory=dict)
    warmed: dict[str, Any] = field(default_factory=dict)
    turns: dict[float, list[tuple[float, ...]]] = field(default_factory=dict)
    requests: list[tuple[float, ...]] = field(default_factory=list)
    parts: dict[str, list[float]] = field(default_factory=dict)
    switches: int = 0
    readings: list[TurnReadings] = field(default_factory=list)
    limit_s: float = math.inf

    @property
    def alive(self) -> bool:
        """Whether the case takes part in further rounds."""
        return self.status in {"ok", "mismatch"}

    def fail(self, error: Exception) -> None:
        """Set the status and reason that belong to an error."""
        if isinstance(error, WorkerError):
            self.status, self.reason = error.status, str(error)
        else:
            name = "" if isinstance(error, RexbenchError | SchemaError) else f"{type(error).__name__}: "
            self.status, self.reason = "failed", f"{name}{error}"

    def restore(self, stored: Measurement) -> None:
        """Take over what was measured before an interruption; a case without a complete round starts anew."""
        if stored.status == "interrupted":
            return
        self.status, self.reason, self.rounds = stored.status, stored.reason, list(stored.rounds)
        self.repeated = list(stored.repeated)
        self.parity, self.effective = stored.parity, stored.effective
        self.agreement, self.layers = stored.agreement, stored.layers

    def ask(self, do: str, /, **arguments: Any) -> dict[str, Any]:
        """The answer of the worker.

        Raises:
            WorkerError: The case comes to its end, or the answer is none that can be read or be true.
        """
        assert self.handle is not None
        answer = self.handle.ask(do, **arguments)
        try:
            check_answer(do, answer, self.limit_s, most=arguments.get("max_calls"))
        except SchemaError as error:
            raise WorkerError("failed", describe_fault(do, error)) from None
        if faults := answer.get("faults"):
            self.status = "mismatch"
            self.reason = "; ".join(dict.fromkeys(filter(None, [*self.reason.split("; "), *faults])))
        return answer

    def build(self, scratch: Path) -> None:
        """Start the worker, let it compute once, and compare what it gives with the reference.

        Args:
            scratch: Folder for what the worker compiles.

        Raises:
            WorkerError: The case comes to its end.
            SchemaError: Outputs in a file can't be read.
        """
        logits = self.assets / "logits.npy"
        self.handle = open_case(self.executor, self.case, self.assets, scratch, self.limit_s)
        self.built = self.ask("build", logits_path=str(logits))
        self.effective = read_effective(self.built["effective"])
        named = _TOLD if self.case.precision == QUANTIZED else _TOLD - {"calibration"}
        told = {name: self.prepared[name] for name in named if self.prepared.get(name)}
        self.effective.details.update(told)
        if self.case.scenario == END_TO_END:
            shown = self.prepared["pictures"]
            self.effective.details.update(pictures=shown.get("words", ""), steps=shown.get("steps", ""))
        self.parity = self._compare(logits)
        mismatches = find_mismatches(self.case, self.effective, self.parity)
        # A profile is taken once, and speaks of all rounds.
        mismatches += filter(None, [find_fallback(self.layers, self._list_quantized())])
        if mismatches:
            self.status, self.reason = "mismatch", "; ".join(mismatches)
        if self.agreement is None and self.case.precision != FULL_PRECISION and self._answers("infer"):
            self.agreement = self._compare_held_out()

    def _compare(self, logits: Path) -> Parity:
        if self.case.scenario == TRAIN:
            folder = training_folder(self.assets, self.case.precision)
            reference = read_logits(folder / REFERENCE)
            frozen = read_logits(folder / FROZEN, reference)
            return compare_steps(reference, frozen, read_logits(logits, reference), self.case.precision)
        folder = pictures_folder(self.assets) if self.case.scenario == END_TO_END else self.assets
        reference = read_logits(folder / REFERENCE)
        return compare(
            reference,
            read_logits(logits, reference),
            self.case.precision,
            widths=self.prepared.get("outputs", ()),
            words=self.prepared.get("reference", EAGER),
        )

    def _answers(self, question: str) -> bool:
        """Whether the worker, which may be of an earlier build, answers a question."""
        return question in self.built.get("answers", ())

    def _compare_held_out(self) -> Agreement | None:
        """The agreement on images that no calibration has seen; None where there are none."""
        folder = self.assets / HELD_OUT
        if "held_out" not in self.prepared:
            return None
        logits = folder / "logits.npy"
        # Many images are no part of a round, whose time is limited.
        assert self.handle is not None
        self.handle.renew()
        self.ask("infer", folder=str(folder), logits_path=str(logits))
        self.handle.renew()
        reference = read_logits(folder / REFERENCE)
        labels = folder / LABELS
        return compare_images(
            reference,
            read_logits(logits, reference),
            words=self.prepared["held_out"],
            images=self.prepared["held_out_images"],
            widths=self.prepared.get("outputs", ()),
            labels=np.load(labels, allow_pickle=False) if labels.exists() else None,
        )

    def _list_quantized(self) -> dict[str, float | None]:
        """The layers that the preparing process quantised, each with its signal to noise [dB]."""
        layers: dict[str, float | None] = (
            self.prepared.get("quantized", {}).get(self.case.backend, {}).get("layers", {})
        )
        return layers

    def _profile(self) -> None:
        """Keep the layers of a quantised model as they were executed; one that ran in another precision is a fault."""
        if self.layers or self.case.precision != QUANTIZED or not self._answers("profile"):
            return
        quantized = self._list_quantized()
        told = read_layers(self.ask("profile")["layers"])
        self.layers = tuple(replace(layer, snr_db=quantized.get(layer.layer)) for layer in told)
        if fault := find_fallback(self.layers, quantized):
            self.status = "mismatch"
            self.reason = "; ".join(filter(None, [self.reason, fault]))

    def close(self) -> None:
        """End the worker, if there is one."""
        handle, self.handle = self.handle, None
        if handle:
            handle.close()

    def start_round(self) -> None:
        """Forget the samples of the round before."""
        self.turns, self.requests, self.parts, self.switches, self.readings = {}, [], {}, 0, []

    def add_turn(self, answer: Mapping[str, Any], slow_by: float) -> None:
        """Keep the worker's answer to ``take_turn``, by the share by which the head was slowed in this turn."""
        self.turns.setdefault(slow_by, []).append(tuple(answer["samples_s"]))
        if "requests_s" in answer:
            self.requests.append(tuple(answer["requests_s"]))
        for name, times_s in answer.get("parts_s", {}).items():
            self.parts.setdefault(name, []).extend(times_s)
        self.switches += answer["involuntary_switches"]

    def add_readings(self, before: Reading | None, after: Reading | None, answer: Mapping[str, Any]) -> None:
        """Keep the counters of energy from before and after a turn at full speed, if there are any."""
        if before and after:
            self.readings.append(TurnReadings(before, after, answer.get("calls")))

    def replace_round(self) -> None:
        """Let the last round replace the one before it."""
        if len(self.rounds) > 1:
            self.repeated.append(self.rounds.pop(-2))
            for rounds in self.slowed.values():
                rounds.pop(-2)

    def close_round(self, index: int, machine: dict[str, float | None], energy: Energy | None = None) -> None:
        """Turn the worker's answers into a record; the first round of this process compiles from nothing."""
        try:
            memory = self.ask("memory")
        except WorkerError as error:
            self.fail(error)
            return
        phases = {**self.built["phases_s"], "warm_up": self.warmed["elapsed_s"]}
        for name, export_s in export_times(self.prepared, self.case).items():
            phases[name] = phases.get(name, 0.0) + export_s
        complete = Round(
            turns_s=tuple(self.turns.pop(FULL_SPEED, ())),
            requests_s=tuple(self.requests),
            phases_s=phases,
            parts_s={name: statistics.median(times_s) for name, times_s in self.parts.items() if times_s},
            compile_cache=("cached" if index else "cold") if self.built["caches"] else None,
            warmup_calls=self.warmed["calls"],
            steady=self.warmed["steady"],
            interference={**machine, "involuntary_switches": self.switches},
            peak_rss_bytes=memory.get("peak_rss_bytes"),
            base_rss_bytes=memory.get("base_rss_bytes"),
            energy=energy,
        )
        self.rounds.append(complete)
        try:
            self._profile()
        except WorkerError as error:  # the round is complete
            self.unprofiled = f"its layers can't be told: {error}"
        for slow_by, turns in self.turns.items():
            self.slowed.setdefault(slow_by, []).append(replace(complete, turns_s=tuple(turns), energy=None))

    def measurement(self, stop: str) -> Measurement:
        """What is known as a record; `stop` is why measuring ended, empty while it continues."""
        return Measurement(
            case=self.case,
            status=self.status,
            reason=self.reason,
            rounds=tuple(self.rounds),
            repeated=tuple(self.repeated),
            parity=self.parity,
            agreement=self.agreement,
            layers=self.layers,
            effective=self.effective,
            stop_reason=stop if self.alive else "",
            notes=tuple(_find_doubts(self)),
        )


def _find_doubts(state: CaseState) -> list[str]:
    doubts = []
    if any(not complete.steady for complete in state.rounds):
        doubts.append("warm-up reached its cap before two windows agreed")
    doubts += [*find_shortfalls(state.effective.details), *find_doubts(state.case)] if state.rounds else []
    info = info_of(state.case.backend)
    if state.case.streams > 1 and not info.queued and state.rounds:
        doubts.append("phases are those of the first instance; the others follow at once and reuse what it compiled")
    if info.export and state.rounds:
        doubts.append("build and conversion were timed once for the group, in the process that prepares it")
    doubts += filter(None, [state.unprofiled])
    if info.deprecated and state.rounds:
        doubts.append(f"{info.name} is {info.deprecated}")
    return doubts
