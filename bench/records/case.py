"""A case is the identity of one row: what is run, how, and on what. No torch here."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from rexnet_core.sources.tensors import read_shapes, write_shapes

if TYPE_CHECKING:
    from rexnet_core.sources.tensors import Shape

PRECISIONS = ("fp32", "bf16", "int8")
#: The precision that every other is compared with.
FULL_PRECISION = PRECISIONS[0]
#: The precision that needs calibration images.
QUANTIZED = "int8"
MEMORY_FORMATS = ("contiguous", "channels_last")
DEVICES = ("cpu", "cuda")
SCENARIOS = LATENCY, THROUGHPUT, TRAIN, END_TO_END = ("latency", "throughput", "train", "end-to-end")

#: In place of a number of streams: the runtime's own choice, which a case holds as 0.
HINT = "hint"

#: The backend that every other is compared with.
REFERENCE_BACKEND = "eager"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row of a benchmark.

    Args:
        model: Registered name, such as ``rexnet_1.3``, or that of a model from elsewhere, as its source spells it.
        resolution: Side of the square input [pixels]; of any other input the height, or its longest side.
        batch: Images per call.
        memory_format: One of `MEMORY_FORMATS`; a runtime that chooses its own layouts takes ``contiguous``.
        scenario: ``latency`` calls one after the other; ``throughput`` keeps several requests in flight;
            ``train`` takes training steps one after the other; ``end-to-end`` begins each call with the bytes of
            pictures, and ends it with their labels.
        streams: In the throughput scenario: streams of the runtime, or instances that share the threads where it
            answers one call at a time; 0 leaves the number to the runtime's throughput hint.
        source: Where the model comes from, a kind of `rexnet_core.sources.registry.SOURCES`.
        fingerprint: What tells a model from elsewhere from others of its name; empty for our own.
        shape: Shapes of the inputs for one image, as `write_shapes` has them; empty for one square image of 3 channels.
        calibration: The set of inputs that a quantised model was calibrated on, such as ``generated`` or
            ``photos-1a2b3c4d``; empty where the model is not quantised.
        arrivals: How requests arrive; empty where a call follows the one before.
        pictures: In the end-to-end scenario the set of pictures, such as ``generated`` or ``photos-1a2b3c4d``.
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
    source: str = "registered"
    fingerprint: str = ""
    shape: str = ""
    calibration: str = ""
    arrivals: str = ""
    pictures: str = ""

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        """Shape of each input for one image."""
        return read_shapes(self.shape) if self.shape else ((3, self.resolution, self.resolution),)

    @property
    def id(self) -> str:
        """A short readable identity, unique within a run; defaults are left out."""
        size = self.shape or str(self.resolution)
        names = [self.model, size, f"b{self.batch}", self.backend, *self._unusual().values()]
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
            "resolution": self.shape or f"{self.resolution} px",
            "batch": f"batch {self.batch}",
            "backend": self.backend,
            **self._unusual(),
            **({"scenario": f"streams {self.streams or HINT}"} if self.scenario == THROUGHPUT else {}),
            **({"pictures": f"on {self.pictures} pictures"} if self.pictures else {}),
        }
        return " ".join(word for name, word in words.items() if word and name not in leave_out)

    @property
    def match(self) -> tuple[str, str, int, str, int, int, str]:
        """What the cases of backends and precisions must share to take turns and be divided by one another."""
        return (self.model, self.fingerprint, self.resolution, self.shape, *self.terms)

    @property
    def lineage(self) -> Case:
        """The case without its fingerprint: the same for one model before and after it changed."""
        return replace(self, fingerprint="")

    @property
    def terms(self) -> tuple[int, int, str]:
        """What the cases of different models must share to take turns with one another."""
        return (self.batch, self.threads, self.device)

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain values, in the order of the contract."""
        return asdict(self)

    def as_message(self) -> dict[str, Any]:
        """The fields for a worker, which may be of a build that does not know the later ones at their defaults."""
        later = {spec.name: spec.default for spec in fields(self) if spec.name in _LATER}
        return {name: value for name, value in asdict(self).items() if name not in later or value != later[name]}


_SHORTENED = frozenset({"precision", "memory_format", "device", "scenario", "calibration", "arrivals", "pictures"})
#: Fields that builds of 38dcf3d don't know.
_LATER = frozenset({"source", "fingerprint", "shape", "calibration", "arrivals", "pictures"})


def name_shape(shapes: tuple[Shape, ...]) -> tuple[int, str]:
    """The resolution of a case with these inputs, and its shape, which is empty for one square image of 3 channels."""
    first = shapes[0]
    side = first[1] if len(first) == len(("channels", "height", "width")) else max(first)
    return side, "" if shapes == ((3, side, side),) else write_shapes(shapes)
