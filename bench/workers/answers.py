"""What the answers of a worker must be like; one that is not ends its case, and never the run.

A worker of another build, of a backend from elsewhere, or one that is broken may write anything. Keys that this
rexbench does not know are left as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from analysis.schema import Count, Duration, Finite, Flag, Maybe, Name, Positive, Sample, SchemaError, check_fits
from bench.records.schemas import StoredEffective, StoredLayerRun  # noqa: TC001 - read when the program runs

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

#: Of logits: batches, images and classes.
_AXES = 3


class Opened(TypedDict, total=False):
    """Of ``open``."""

    protocol: int | None


class Further(TypedDict, total=False):
    """What workers of earlier builds don't report: which further questions they answer."""

    answers: list[Name]


class Built(Further):
    """Of ``build``."""

    phases_s: dict[str, Duration]
    effective: StoredEffective
    caches: Flag


class Faults(TypedDict, total=False):
    """What workers of earlier builds don't report."""

    faults: list[str]


class Warmed(Faults):
    """Of ``warm_up``."""

    calls: Positive
    steady: Flag
    median_s: Sample
    elapsed_s: Duration


class Requests(TypedDict, total=False):
    """What only instances that answer as one, or calls of several parts, report."""

    requests_s: list[Sample]
    parts_s: dict[Name, list[Duration]]


class Calls(TypedDict, total=False):
    """What workers of earlier builds don't report: the calls of a turn, those that are no samples included."""

    calls: Positive


class Turn(Requests, Calls):
    """Of ``take_turn``."""

    samples_s: list[Sample]
    involuntary_switches: Count


class Flow(TypedDict):
    """Of ``take_flow``."""

    starts_s: list[Finite]
    ends_s: list[Finite]
    involuntary_switches: Count


class Memory(TypedDict, total=False):
    """Of ``memory``."""

    peak_rss_bytes: Count | None
    base_rss_bytes: Count | None


class Inferred(TypedDict, total=False):
    """Of ``infer``, whose answer is a file."""


class Profile(TypedDict):
    """Of ``profile``."""

    layers: list[StoredLayerRun]


class Times(TypedDict, total=False):
    """Of preparing: the times of building and of converting."""

    build_s: Duration | None
    convert_s: Duration | None


class Export(Times, total=False):
    """Of preparing the files of one backend: the times, or status and reason of its cases."""

    fault: tuple[str, str]


class Quantized(TypedDict, total=False):
    """Of preparing the int8 form of one backend."""

    quantize_s: Duration
    layers: dict[Name, Maybe]
    fault: tuple[str, str]


class Apart(TypedDict, total=False):
    """Of preparing the training steps in one precision, or pictures: status and reason of the cases, if they fail."""

    fault: tuple[str, str]


class Shown(Apart, total=False):
    """Of preparing pictures: what they are, and what is done to them, in words."""

    words: Name
    steps: Name


class Prepared(Times, total=False):
    """Of preparing the files that workers share."""

    exports: dict[str, Export]
    quantized: dict[str, Quantized]
    training: dict[str, Apart]
    pictures: Shown
    calibration: Name
    held_out: Name
    held_out_images: Positive
    fault: tuple[str, str]
    wrong: str
    outputs: list[Positive]
    reference: Name
    weights: Name
    weights_entry: str | None


_ANSWERS: dict[str, Any] = {
    "open": Opened,
    "build": Built,
    "warm_up": Warmed,
    "take_turn": Turn,
    "take_flow": Flow,
    "memory": Memory,
    "infer": Inferred,
    "profile": Profile,
    "prepare": Prepared,
}


def check_answer(do: str, answer: Any, limit_s: float, *, most: int | None = None) -> None:
    """Check the answer to a question, and that it can be true.

    Args:
        do: The question.
        answer: To it.
        limit_s: Longest time that the worker had [s]: nothing that it did can have taken longer.
        most: Most samples or requests that it was asked for.

    Raises:
        SchemaError: A key is missing, or its value is of another type, or can't be true.
    """
    schema = _ANSWERS[do]
    if not isinstance(answer, dict):
        raise SchemaError(f"must be a table, got {str(answer)[:40]!r}")
    if missing := sorted(schema.__required_keys__ - answer.keys()):
        raise SchemaError(f"lacks {', '.join(missing)}")
    check_fits(schema, _with_plain_numbers(answer))
    if do == "take_flow":
        _check_flow(answer)
    samples = answer.get("samples_s", answer.get("starts_s"))
    if samples is not None and "requests_s" not in answer and not 1 <= len(samples) <= (most or len(samples)):
        raise SchemaError(f"has {len(samples)} samples, where 1 to {most} were asked for")
    if do == "take_turn" and "calls" in answer and "requests_s" not in answer:
        _check_calls(answer)
    if (longest := max(_list_times(answer), default=0.0)) > limit_s:
        raise SchemaError(f"has a time of {longest:g} s, and the case has a limit of {limit_s:g} s")


def _with_plain_numbers(value: Any) -> Any:
    """The answer with Python's numbers in place of numpy's, which a worker in the same process may give."""
    if isinstance(value, dict):
        return {name: _with_plain_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [one.item() if isinstance(one, np.generic) else one for one in value]
    return value.item() if isinstance(value, np.generic) else value


def describe_fault(do: str, error: SchemaError) -> str:
    """What is wrong with the answer to a question, in one line."""
    return f"its answer to {do!r} {error}; this rexbench can't read its build's answers"


def _check_flow(answer: dict[str, Any]) -> None:
    starts, ends = answer["starts_s"], answer["ends_s"]
    if len(starts) != len(ends) or any(end <= start for start, end in zip(starts, ends, strict=False)):
        raise SchemaError("must have an end later than its start for each request")


def _check_calls(answer: dict[str, Any]) -> None:
    samples, calls = len(answer["samples_s"]), answer["calls"]
    if not samples <= calls <= 2 * samples:
        raise SchemaError(f"has {samples} samples of {calls} calls, where no more than one in two is left out")


def _list_times(answer: dict[str, Any]) -> list[float]:
    """All times in an answer [s]; of samples, which follow one another, the sum."""
    times = [answer[name] for name in ("median_s", "elapsed_s") if name in answer]
    times += [*answer.get("phases_s", {}).values(), sum(answer.get("samples_s", ()))]
    times += [end - start for start, end in zip(answer.get("starts_s", ()), answer.get("ends_s", ()), strict=False)]
    return times


def read_logits(path: Path, like: npt.NDArray[np.float32] | None = None) -> npt.NDArray[np.float32]:
    """The logits in a file that a worker or the preparing process wrote.

    Args:
        path: The file.
        like: Logits whose shape these must have.

    Raises:
        SchemaError: The file holds no such logits.
    """
    try:
        with path.open("rb") as file:
            logits = np.lib.format.read_array(file, allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError) as error:
        raise SchemaError(
            f"{path.name} can't be read: {' '.join(str(error).split()) or type(error).__name__}"
        ) from None
    if logits.dtype.kind != "f" or logits.ndim != _AXES or not logits.size:
        raise SchemaError(f"{path.name} must hold floating-point logits of shape (batches, N, classes)")
    if like is not None and logits.shape != like.shape:
        raise SchemaError(f"{path.name} must hold logits of shape {like.shape}, got {logits.shape}")
    return logits
