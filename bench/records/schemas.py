"""What the rows of a store must be like: the records, with narrower types."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from msgspec import Meta

from analysis.schema import (
    Count,
    Duration,
    Finite,
    Flag,
    Maybe,
    Name,
    Positive,
    Sample,
    SchemaError,
    Text,
    check_fits,
    read_as,
    read_record,
)
from bench.records.case import Case
from bench.records.energy import DOMAINS, Energy
from bench.records.measurement import Agreement, Effective, LayerRun, Parity, Round
from bench.records.run import RunInfo
from bench.records.subject import Subject

#: The id of a run is the name of the folder of its report.
RunId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\Z")]


class Environment(TypedDict, total=False):
    """The sections of a run's environment; what is in them is shown as it is."""

    cpu: dict[str, Any]
    limits: dict[str, Any]
    system: dict[str, Any]
    libraries: dict[str, Any]
    git: dict[str, Any]


class Above(TypedDict):
    """A case whose interval is wider than the target."""

    case: str
    half_width: Maybe


class Time(TypedDict, total=False):
    """How long a run was to take, and took [s]."""

    expected_s: Duration | None
    taken_s: Duration | None
    above_target: list[Above]


class Resumed(TypedDict):
    """One time that a run was resumed."""

    at: str
    differences: list[str]


class RunSettings(TypedDict, total=False):
    """What is read of a run's settings; the settings of a study have other names, too."""

    budget_s: Duration | None
    target: Finite
    time: Time
    resumed: list[Resumed]
    rivals: list[list[Name]]
    precisions_meet: Flag


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun(RunInfo):
    """A run."""

    id: RunId
    planned: Count
    environment: Environment  # type: ignore[assignment]
    settings: RunSettings  # type: ignore[assignment]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCase(Case):
    """A case of a run or of its plan."""

    model: Name
    resolution: Positive
    batch: Positive
    backend: Name
    precision: Name = "fp32"
    threads: Positive = 1
    memory_format: Name = "contiguous"
    device: Name = "cpu"
    scenario: Name = "latency"
    streams: Count = 0
    source: Name = "registered"
    fingerprint: Text = ""
    shape: Annotated[str, Meta(pattern=r"^([1-9][0-9]{0,9}([x,][1-9][0-9]{0,9}){0,63})?\Z")] = ""
    calibration: Text = ""
    arrivals: Text = ""
    pictures: Text = ""


#: Joules or watts, no more than a machine could use.
_Amount = Annotated[float, Meta(ge=0, le=1e12)]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEnergy(Energy):
    """The energy of a process round; every turn has all its readings, and every domain its idle power."""

    turns_j: dict[str, tuple[_Amount, ...]] = field(default_factory=dict)
    turns_s: tuple[Duration, ...] = ()
    images: tuple[Positive, ...] = ()
    idle_w: dict[str, _Amount] = field(default_factory=dict)
    reason: Text = ""

    def __post_init__(self) -> None:
        """Check the parts against one another.

        Raises:
            ValueError: One of them lacks something.
        """
        turns = {len(self.turns_s), len(self.images), *map(len, self.turns_j.values())}
        if len(turns) > 1 or not self.turns_j.keys() <= self.idle_w.keys() & set(DOMAINS):
            raise ValueError("must have energy, time and images of each turn, and the idle power of each domain")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRound(Round):
    """A process round."""

    turns_s: tuple[tuple[Sample, ...], ...]
    phases_s: dict[str, Duration]
    warmup_calls: Count = 0
    peak_rss_bytes: Count | None = None
    base_rss_bytes: Count | None = None
    interference: dict[str, Maybe] = field(default_factory=dict)
    requests_s: tuple[tuple[Sample, ...], ...] = ()
    parts_s: dict[str, Duration] = field(default_factory=dict)
    energy: StoredEnergy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEffective(Effective):
    """What a runtime reported of itself, also in the answer of a worker."""

    threads: Count | None = None
    streams: Count | None = None
    jobs: Positive = 1


def read_effective(values: object) -> Effective:
    """The record of what a worker of any build reported; names that this version does not know are left out.

    Raises:
        SchemaError: It is no such report.
    """
    return read_record(Effective, StoredEffective, values)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredParity(Parity):
    """An agreement of logits; an error without end is stored as none."""

    inputs: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAgreement(Agreement):
    """An agreement image by image."""

    images: Text
    cosines: tuple[Finite, ...]
    relative_errors: tuple[Finite, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLayerRun(LayerRun):
    """A layer as it was executed, also in the answer of a worker."""

    layer: Name
    kind: Name
    precision: Name
    macs: Count
    time_s: Duration | None = None
    provider: Text = ""
    snr_db: Maybe = None


def read_layers(values: object) -> tuple[LayerRun, ...]:
    """The layers of a store, or of the answer of a worker.

    Raises:
        SchemaError: They are none.
    """
    return tuple(read_record(LayerRun, StoredLayerRun, value) for value in read_as(list[Any], values))


class Outcome(TypedDict):
    """What the row of a case has beside its case and its records."""

    status: str
    reason: str
    stop_reason: str
    notes: list[str]


class Layer(TypedDict, total=False):
    """What a layer costs."""

    layer: str
    kind: str
    params: Count
    macs: Count
    out_shape: list[Count] | str


class Costs(TypedDict, total=False):
    """What a model costs, beside its name and resolution."""

    params: Count
    params_folded: Count
    macs: Count
    activations: Count
    layers: list[Layer]


class Cost(Costs):
    """What a model costs at a resolution."""

    model: Name
    resolution: Positive


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldSubject(Subject):
    """What a process told of a model."""

    model: Name
    source: Name
    shapes: tuple[tuple[Positive, ...], ...] = ()
    fingerprint: Text = ""
    cost: dict[str, Any] | None = None
    uncounted: Text = ""
    licence: Text = ""
    family: Text = ""
    table_macs: Count | None = None
    fault: tuple[Literal["failed", "unsupported"], Name] | None = None


def read_subject(value: object) -> Subject:
    """What is known of a model, from its plain values.

    Raises:
        SchemaError: They are not what is known of a model.
    """
    subject = read_record(Subject, ToldSubject, value)
    if subject.cost is not None:
        check_fits(Cost, subject.cost)
    if not subject.shapes and not subject.fault:
        raise SchemaError("has neither shapes nor a fault")
    return subject


class StoredPlan(TypedDict):
    """What a run was to measure."""

    format_version: Positive
    cases: list[StoredCase]
    weights: str | None
    weights_sha256: NotRequired[str | None]
    weights_entry: NotRequired[str | None]
    calibration: NotRequired[dict[str, Any] | None]
    pictures: NotRequired[dict[str, Any] | None]
    code_sha256: NotRequired[str | None]
