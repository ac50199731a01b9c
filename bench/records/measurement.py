"""What a measurement leaves behind: raw samples and conditions, never statistics. Plain values only, no torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rexnet_core.sources.source import EAGER

if TYPE_CHECKING:
    from bench.records.case import Case
    from bench.records.energy import Energy

#: ok: measured as asked. mismatch: measured, but the runtime did something else than asked, or its output is wrong;
#: shown, kept out of comparisons. failed: crashed, hung or ran out of memory. unavailable: the machine lacks something.
#: unsupported: the backend can't do this at all. interrupted: stopped by the user before its first round was complete.
STATUSES = ("ok", "mismatch", "failed", "unavailable", "unsupported", "interrupted")

#: In the order they happen. `compile` of torch.compile includes its first call, where inductor does its work.
PHASES = ("import", "build", "convert", "quantize", "compile", "first_inference", "warm_up")


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
class Agreement:
    """How the outputs of a case in reduced precision agree with the reference, image by image.

    The images are others than those that a quantised model was calibrated on.

    Args:
        images: What they are, in words.
        cosines: Cosine similarity of the outputs with those of the reference.
        relative_errors: Largest difference of an output over the largest reference output of all images.
        same_top1: Whether both have the same arg max.
        correct: Whether the arg max is the label; empty without labels.
        reference_correct: The same of the reference.
    """

    images: str
    cosines: tuple[float, ...]
    relative_errors: tuple[float, ...]
    same_top1: tuple[bool, ...]
    correct: tuple[bool, ...] = ()
    reference_correct: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRun:
    """A layer with weights as the runtime executed it.

    Args:
        layer: Name of the module's layer, as far as the runtime tells it.
        kind: The runtime's own word for the operation.
        precision: One of `bench.records.case.PRECISIONS`, or the runtime's word for another.
        macs: Multiply-adds for one image.
        time_s: Of one call, under the runtime's profiler [s]; None where it does not tell.
        provider: What executed the layer, where a runtime has several.
        snr_db: Power of the layer's output in fp32 over that of its error after quantising [dB]; None where not known.
    """

    layer: str
    kind: str
    precision: str
    macs: int
    time_s: float | None = None
    provider: str = ""
    snr_db: float | None = None


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
        parts_s: Median time of each part of a call [s]: in the train scenario of `bench.records.training.PARTS`, in the
            end-to-end scenario of `bench.records.pictures.CALL_PARTS`.
        energy: That the machine used in the turns; None in rounds of earlier versions.
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
    parts_s: dict[str, float] = field(default_factory=dict)
    energy: Energy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """All that is known about one case in one run.

    Args:
        status: One of `STATUSES`.
        reason: One line; why the status is not ok.
        rounds: Process rounds in order; a case that failed keeps those before.
        repeated: Disturbed rounds that an undisturbed repetition among `rounds` replaces; stored, and in no estimate.
        parity: Agreement with the reference, None if it was never compared.
        agreement: The same on more images, for a case in reduced precision.
        layers: Layers of a quantised model as they were executed in the first round.
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
    agreement: Agreement | None = None
    layers: tuple[LayerRun, ...] = ()
    effective: Effective = field(default_factory=Effective)
    stop_reason: str = ""
    notes: tuple[str, ...] = ()

    @property
    def images_per_sample(self) -> int:
        """Images that one sample computes."""
        return self.case.batch * self.effective.jobs
