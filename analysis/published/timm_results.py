"""What timm prints about its models: accuracies of trained weights, and times on a CPU. No torch here, and no timm.

An accuracy belongs to weights and to an input side: ``resnet18.a1_in1k`` at 224 is another number than at 288, or than
``resnet18.tv_in1k``. A time belongs to an architecture and a side, whatever the weights.
"""

from __future__ import annotations

import csv
import functools
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from analysis.data_tables import load_table
from analysis.published.table import PublishedRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: What stands before a name of timm where a model is named.
PREFIX = "timm:"
_FACTS = load_table(__file__)
_MOST_NAMED = 3

#: The processor, the batch size and the program of the times, in words.
CPU_CONDITIONS = f"{_FACTS['cpu_times']['hardware']}, {_FACTS['cpu_times']['software']}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimmAccuracy:
    """The printed accuracy of one set of weights at one input side; numbers are text, digit for digit.

    Args:
        model: Architecture and tag, such as ``resnet18.a1_in1k``.
        resolution: Side of the square input [pixels].
        top1_percent: Such as ``71.504``.
        top5_percent: Alike.
        crop_ratio: Side of the crop over the shorter side of the resized image.
        interpolation: Of that resizing.
        is_default: Whether timm means these weights by the name of the architecture alone.
        line: In the file, counted from 1.
    """

    model: str
    resolution: int
    top1_percent: str
    top5_percent: str
    crop_ratio: str
    interpolation: str
    is_default: bool
    line: int

    def as_rows(self) -> tuple[PublishedRow, PublishedRow]:
        """Top-1 and top-5 as the project's own table has such numbers."""
        top1, top5 = (self._as_row(metric, text) for metric, text in self._printed().items())
        return top1, top5

    def _printed(self) -> dict[str, str]:
        return {"top1": self.top1_percent, "top5": self.top5_percent}

    def _as_row(self, metric: str, printed: str) -> PublishedRow:
        return PublishedRow(
            source=f"{_FACTS['source']} (commit {_FACTS['commit'][:7]})",
            locator=f"{Path(_FACTS['accuracies']['file']).name}, {metric}",
            model=f"{PREFIX}{self.model}",
            metric=metric,
            printed=printed,
            unit="%",
            convention="",
            conditions=f"{self.resolution}x{self.resolution}, crop ratio {self.crop_ratio}, {self.interpolation}",
            note="",
            line=self.line,
            file=_ACCURACIES,
        )


class TimmAccuracies(NamedTuple):
    """The accuracies that a name stands for, by rising side; where empty, `reason` says why."""

    found: tuple[TimmAccuracy, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimmCpuTime:
    """One row of the table of times; numbers are text, digit for digit.

    Args:
        model: Architecture, without a tag.
        resolution: Side of the square input [pixels].
        step_time_ms: Mean time of a call with one image.
        gmacs: Multiply-adds in 10**9, as fvcore counts them, with two decimals.
        mactivations: Output elements of convolutions and linear layers in 10**6, with two decimals.
    """

    model: str
    resolution: int
    step_time_ms: str
    gmacs: str
    mactivations: str


_ACCURACIES, _CPU_TIMES = "timm_accuracies.csv", "timm_cpu_times.csv"


def find_accuracies(name: str) -> TimmAccuracies:
    """The accuracies printed for a name.

    A name with a tag stands for those weights. The name of an architecture alone stands for the weights that timm
    takes for it, and for no others: nothing is chosen among several trainings.

    Args:
        name: ``timm:ARCHITECTURE.TAG`` or ``timm:ARCHITECTURE``, with or without ``timm:``.
    """
    name = name.removeprefix(PREFIX)
    architecture, _, tag = name.partition(".")
    known = _accuracies().get(architecture, ())
    found = tuple(one for one in known if (one.model == name if tag else one.is_default))
    if found:
        return TimmAccuracies(found)
    others = list(dict.fromkeys(one.model for one in known))
    if not others:
        return TimmAccuracies(reason=f"{_FACTS['source']} have no accuracy of {architecture}")
    named = ", ".join(f"{PREFIX}{other}" for other in others[:_MOST_NAMED])
    more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
    which = f"the weights {name}" if tag else f"the default weights of {name}"
    return TimmAccuracies(reason=f"{_FACTS['source']} have no accuracy of {which}; they have {named}{more}")


def find_cpu_times(name: str) -> Mapping[int, TimmCpuTime]:
    """The printed times of an architecture, by input side [pixels]; empty where there is none.

    Args:
        name: As for `find_accuracies`; a tag makes no difference.
    """
    return _cpu_times().get(name.removeprefix(PREFIX).partition(".")[0], {})


def read_cpu_times_s(name: str) -> dict[int, float]:
    """The printed times [s] of an architecture by input side [pixels], as `find_cpu_times` has them."""
    return {side: float(one.step_time_ms) / 1e3 for side, one in find_cpu_times(name).items()}


def describe_default() -> str:
    """Whose weights the name of an architecture alone stands for."""
    return f"the default weights of {_FACTS['accuracies']['default_of']}"


@functools.cache
def _accuracies() -> Mapping[str, Sequence[TimmAccuracy]]:
    found: defaultdict[str, list[TimmAccuracy]] = defaultdict(list)
    for line, row in enumerate(_read(_ACCURACIES), start=2):
        found[row["model"].partition(".")[0]].append(
            TimmAccuracy(
                model=row["model"],
                resolution=int(row["resolution"]),
                top1_percent=row["top1_percent"],
                top5_percent=row["top5_percent"],
                crop_ratio=row["crop_ratio"],
                interpolation=row["interpolation"],
                is_default=row["default"] == "yes",
                line=line,
            )
        )
    return dict(found)


@functools.cache
def _cpu_times() -> Mapping[str, Mapping[int, TimmCpuTime]]:
    found: defaultdict[str, dict[int, TimmCpuTime]] = defaultdict(dict)
    for row in _read(_CPU_TIMES):
        side = int(row["resolution"])
        found[row["model"]][side] = TimmCpuTime(
            model=row["model"],
            resolution=side,
            step_time_ms=row["step_time_ms"],
            gmacs=row["gmacs"],
            mactivations=row["mactivations"],
        )
    return dict(found)


def _read(name: str) -> Iterator[dict[str, str]]:
    with Path(__file__).with_name(name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
