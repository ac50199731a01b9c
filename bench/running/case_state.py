"""A case in a match: what is known of it so far, and its live worker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.backends.registry import info_of
from bench.records.measurement import Effective, Measurement, Round
from bench.workers.executor import WorkerError
from bench.workers.shared_files import export_times
from rexnet_core.errors import RexbenchError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bench.records.case import Case
    from bench.records.measurement import Parity
    from bench.workers.executor import Executor, Handle


#: What is read of each answer; the worker of another build may tell less.
_NEEDED: Mapping[str, frozenset[str]] = {
    "build": frozenset({"phases_s", "effective", "caches"}),
    "warm_up": frozenset({"calls", "steady", "median_s", "elapsed_s"}),
    "take_turn": frozenset({"samples_s", "involuntary_switches"}),
    "memory": frozenset(),
}


@dataclass(slots=True)
class CaseState:
    """What is known of a case so far, and its live worker.

    Args:
        case: The identity.
        assets: Folder of what it shares with others of its model, resolution and batch size.
        executor: Starts its processes.
        side: ``base`` or ``head`` where two builds or settings of one case are compared; else empty.
        handle: The worker; None while there is none.
        status: As in `bench.records.measurement.Measurement`.
        reason: The same.
        rounds: Those that are whole.
        repeated: Dirty ones that a clean one stands for.
        parity: Of the last round.
        effective: Of the last round.
        prepared: What `bench.assets.prepare` told of making the shared files.
        built: The worker's answer to ``build`` in the round under way.
        warmed: Its answer to ``warm_up``.
        turns: Samples of the round under way [s], by turn.
        requests: Times of its requests [s], by turn; empty but in the throughput scenario.
        switches: Involuntary context switches in these turns.
    """

    case: Case
    assets: Path
    executor: Executor
    side: str = ""
    handle: Handle | None = None
    status: str = "ok"
    reason: str = ""
    rounds: list[Round] = field(default_factory=list)
    repeated: list[Round] = field(default_factory=list)
    parity: Parity | None = None
    effective: Effective = field(default_factory=Effective)
    prepared: dict[str, Any] = field(default_factory=dict)
    built: dict[str, Any] = field(default_factory=dict)
    warmed: dict[str, Any] = field(default_factory=dict)
    turns: list[tuple[float, ...]] = field(default_factory=list)
    requests: list[tuple[float, ...]] = field(default_factory=list)
    switches: int = 0

    @property
    def alive(self) -> bool:
        """Whether it takes part in what comes."""
        return self.status in {"ok", "mismatch"}

    def fail(self, error: Exception) -> None:
        """Take the status that an error makes."""
        if isinstance(error, WorkerError):
            self.status, self.reason = error.status, str(error)
        else:
            name = "" if isinstance(error, RexbenchError) else f"{type(error).__name__}: "
            self.status, self.reason = "failed", f"{name}{error}"

    def keep(self, stored: Measurement) -> None:
        """Take over what is known from before an interruption; what was not begun then is as new."""
        if stored.status == "interrupted":
            return
        self.status, self.reason, self.rounds = stored.status, stored.reason, list(stored.rounds)
        self.repeated = list(stored.repeated)
        self.parity, self.effective = stored.parity, stored.effective

    def ask(self, do: str, /, **arguments: Any) -> dict[str, Any]:
        """The answer of its worker.

        Raises:
            WorkerError: There is none, or it lacks what we read of it.
        """
        assert self.handle is not None
        try:
            answer = self.handle.ask(do, **arguments)
            lacks = sorted(_NEEDED[do] - answer.keys())
        except KeyError as error:  # of one of several instances that answer as one
            lacks = [str(error)]
        if lacks:
            told = f"its answer to {do!r} lacks {', '.join(lacks)}; its build is another than this one can read"
            raise WorkerError("failed", told)
        if faults := answer.get("faults"):
            self.status = "mismatch"
            self.reason = "; ".join(dict.fromkeys(filter(None, [*self.reason.split("; "), *faults])))
        return answer

    def close(self) -> None:
        """End the worker, if there is one."""
        handle, self.handle = self.handle, None
        if handle:
            handle.close()

    def replace_round(self) -> None:
        """Let the last round stand for the one before."""
        if len(self.rounds) > 1:
            self.repeated.append(self.rounds.pop(-2))

    def close_round(self, index: int, machine: dict[str, float | None]) -> None:
        """Turn what the worker gave into a record."""
        try:
            memory = self.ask("memory")
        except WorkerError as error:
            self.fail(error)
            return
        phases = {**self.built["phases_s"], "warm_up": self.warmed["elapsed_s"]}
        for name, export_s in export_times(self.prepared, self.case.backend).items():
            phases[name] = phases.get(name, 0.0) + export_s
        self.rounds.append(
            Round(
                turns_s=tuple(self.turns),
                requests_s=tuple(self.requests),
                phases_s=phases,
                compile_cache=("cached" if index else "cold") if self.built["caches"] else None,
                warmup_calls=self.warmed["calls"],
                steady=self.warmed["steady"],
                interference={**machine, "involuntary_switches": self.switches},
                peak_rss_bytes=memory.get("peak_rss_bytes"),
                base_rss_bytes=memory.get("base_rss_bytes"),
            )
        )

    def measurement(self, stop: str) -> Measurement:
        """What is known as a record.

        Args:
            stop: Why measuring ended; empty while it goes on.
        """
        return Measurement(
            case=self.case,
            status=self.status,
            reason=self.reason,
            rounds=tuple(self.rounds),
            repeated=tuple(self.repeated),
            parity=self.parity,
            effective=self.effective,
            stop_reason=stop if self.alive else "",
            notes=tuple(_doubts(self)),
        )


def _doubts(entry: CaseState) -> list[str]:
    """What a reader should know before leaning on the numbers."""
    doubts = []
    if any(not part.steady for part in entry.rounds):
        doubts.append("warm-up reached its cap before two windows agreed")
    if entry.case.streams > 1 and not info_of(entry.case.backend).queued and entry.rounds:
        doubts.append("phases are those of the first instance; the others follow at once and find what it compiled")
    if info_of(entry.case.backend).export and entry.rounds:
        doubts.append("build and conversion were timed once for the match, in the process that prepares it")
    return doubts
