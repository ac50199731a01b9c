"""What a measurement leaves behind: raw samples and conditions, never statistics. Plain values only, no torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rexnet_core.sources.source import EAGER

if TYPE_CHECKING:
    from bench.records.case import Case

#: ok: measured as asked. mismatch: measured, but the runtime did something else than asked, or its output is wrong;
#: shown, kept out of comparisons. failed: crashed, hung or ran out of memory. unavailable: the machine lacks something.
#: unsupported: the backend can't do this at all. interrupted: stopped by the user before its first round was complete.
STATUSES = ("ok", "mismatch", "failed", "unavailable", "unsupported", "interrupted")

#: In the order they happen. `compile` of torch.compile includes its first call, where inductor does its work.
PHASES = ("import", "build", "convert", "compile", "first_inference", "warm_up")


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """What the runtime reports about itself after the build; None where the runtime can't report it.

    Args:
        threads: Threads of the runtime's compute pool.
        streams: Requests the runtime, or its instances together, execute at once.
        memory_format: Layout of the tensors computed with; ``runtime`` where the runtime chooses (inductor, OpenVINO).
        jobs: Inferences in one sample; in the throughput scenario those of a window, as many as are in flight.
        details: What else the runtime reports about itself (instruction set, version, ...).
    """

    precision: str | None = None
    threads: int | None = None
    streams: int | None = None
    memory_format: str | None = None
    device: str | None = None
    jobs: int = 1
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """Agreement of a backend's outputs with those of the reference on the same weights and inputs.

    Args:
        cosine: Smallest cosine similarity over the inputs.
        relative_error: Largest absolute difference over the largest absolute reference logit.
        top1_agreement: Share of inputs with the same arg max.
        inputs: Number of distinct inputs compared.
        passed: Whether all three are within the limits of the precision.
        fault: What is wrong with the output, where it has a simple name; else empty.
        reference: What the reference is: eager fp32, or for the file of a graph its most literal run.
    """

    cosine: float
    relative_error: float
    top1_agreement: float
    inputs: int
    passed: bool
    fault: str = ""
    reference: str = EAGER


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One process round: a fresh worker, warmed, that took turns with the others of its interleaved group.

    Args:
        turns_s: Raw samples [s], one per call or, in the throughput scenario, per window, grouped by turn; turn t of
            every case in the group was taken at the same time, in random order, so turns pair across cases. A turn may
            be empty.
        requests_s: In the throughput scenario, time of each request from its start to its end [s], by turn.
        phases_s: Duration of each of `PHASES` that applies [s].
        compile_cache: ``cold``, ``cached``, or None where nothing is compiled.
        warmup_calls: Calls before the first sample.
        steady: Whether warm-up ended because its windows agreed, not at its cap.
        peak_rss_bytes: Highest resident memory of the worker process.
        base_rss_bytes: Resident memory after the imports, before the model.
        interference: What else the machine did meanwhile, as `bench.machine.interference.interference` measures it,
            and ``involuntary_switches`` of this worker; a value is None where it can't be read.
    """

    turns_s: tuple[tuple[float, ...], ...]
    phases_s: dict[str, float]
    compile_cache: str | None = None
    warmup_calls: int = 0
    steady: bool = True
    peak_rss_bytes: int | None = None
    base_rss_bytes: int | None = None
    interference: dict[str, float | None] = field(default_factory=dict)
    requests_s: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """All that is known about one case in one run.

    Args:
        status: One of `STATUSES`.
        reason: One line; why the status is not ok.
        rounds: Process rounds in order; a case that failed keeps those before.
        repeated: Disturbed rounds that an undisturbed repetition among `rounds` replaces; stored, and in no estimate.
        parity: Agreement with eager fp32, None if it was never compared.
        stop_reason: ``target`` (the interval is narrow enough), ``plateau`` (more samples no longer help), ``rounds``
            (the cap is reached), ``budget`` (the time is used up) or ``interrupted``; empty where nothing was measured.
        notes: Doubts about the data, as sentences.
    """

    case: Case
    status: str
    reason: str = ""
    rounds: tuple[Round, ...] = ()
    repeated: tuple[Round, ...] = ()
    parity: Parity | None = None
    effective: Effective = field(default_factory=Effective)
    stop_reason: str = ""
    notes: tuple[str, ...] = ()

    @property
    def images_per_sample(self) -> int:
        """Images that one sample computes."""
        return self.case.batch * self.effective.jobs
