"""A case is the identity of one row: what is run, how, and on what. No torch here."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

PRECISIONS = ("fp32", "bf16")
MEMORY_FORMATS = ("contiguous", "channels_last")
DEVICES = ("cpu", "cuda")
SCENARIOS = ("latency", "throughput")

#: In place of a number of streams: the runtime's own choice, which a case holds as 0.
HINT = "hint"

#: The backend that every other is compared with, at the same precision.
REFERENCE_BACKEND = "eager"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row of a benchmark.

    Args:
        model: Registered name, such as ``rexnet_1.3``.
        resolution: Side of the square input [pixels].
        batch: Images per call.
        memory_format: One of `MEMORY_FORMATS`; a runtime that chooses its own layouts takes ``contiguous``.
        scenario: ``latency`` calls one after the other; ``throughput`` keeps several requests in flight.
        streams: In the throughput scenario: streams of the runtime, or instances that share the threads where it
            answers one call at a time; 0 leaves the number to the runtime's throughput hint.
    """

    model: str
    resolution: int
    batch: int
    backend: str
    precision: str = "fp32"
    threads: int = 1
    memory_format: str = "contiguous"
    device: str = "cpu"
    scenario: str = "latency"
    streams: int = 0

    @property
    def id(self) -> str:
        """A short readable identity, unique within a run; defaults are left out."""
        names = [self.model, str(self.resolution), f"b{self.batch}", self.backend, *self._unusual().values()]
        return "-".join([*names, *([f"streams{self.streams}"] if self.streams else [])])

    def _unusual(self) -> dict[str, str]:
        return {
            spec.name: getattr(self, spec.name)
            for spec in fields(self)
            if spec.name in _SHORTENED and getattr(self, spec.name) != spec.default
        }

    def describe(self, *leave_out: str) -> str:
        """The case in words: what a reader always wants to know, then whatever is not at its default.

        Threads are left to the words around it: most runs have one number of them; so are the fields to leave out.
        """
        words = {
            "model": self.model,
            "resolution": f"{self.resolution} px",
            "batch": f"batch {self.batch}",
            "backend": self.backend,
            **self._unusual(),
            "scenario": f"streams {self.streams or HINT}" if self.scenario != SCENARIOS[0] else "",
        }
        return " ".join(word for name, word in words.items() if word and name not in leave_out)

    @property
    def match(self) -> tuple[str, int, int, str, int, str]:
        """What the cases of different backends must share to be measured side by side and divided by one another."""
        return (self.model, self.resolution, *self.terms)

    @property
    def terms(self) -> tuple[int, str, int, str]:
        """What the cases of different models must share to take turns with one another."""
        return (self.batch, self.precision, self.threads, self.device)

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain values, in the order of the contract."""
        return asdict(self)


_SHORTENED = frozenset({"precision", "memory_format", "device", "scenario"})
