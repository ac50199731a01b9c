"""The latencies that the ReXNet paper printed, in its own units and on its own hardware, and their ratios."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from analysis.published import PublishedRow

_SOURCE = "ReXNet paper"
_CONDITIONS = re.compile(r"(?P<hardware>.+), batch (?P<batch>[0-9]+)(, [0-9]+x[0-9]+)?")

#: Model, device and batch size.
Key = tuple[str, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperLatency:
    """One printed latency.

    Args:
        latency_s: As printed [s].
        step_s: What one unit of its last digit is worth [s].
        hardware: On which, with the batch size.
    """

    latency_s: float
    step_s: float
    hardware: str

    @property
    def bounds_s(self) -> tuple[float, float]:
        """The times that are printed so [s]."""
        return self.latency_s - self.step_s / 2, self.latency_s + self.step_s / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRatio:
    """A ratio of two printed latencies; `low` and `high` are how far rounding alone could have moved it."""

    ratio: float
    low: float
    high: float


def read_paper(rows: Iterable[PublishedRow]) -> dict[Key, PaperLatency]:
    """The paper's latencies among published numbers; each was taken at the model's own input side."""
    found = {}
    for row in rows:
        told = _CONDITIONS.fullmatch(row.conditions)
        if row.metric == "latency" and row.source.startswith(_SOURCE) and told:
            device = "cuda" if row.locator.startswith("GPU") else "cpu"
            found[row.model, device, int(told["batch"])] = PaperLatency(
                latency_s=float(row.value),
                step_s=float(row.step),
                hardware=f"{told['hardware']}, batch {told['batch']}",
            )
    return found


def divide(paper: Mapping[Key, PaperLatency], rival: Key, model: Key) -> PaperRatio | None:
    """The printed latency of the rival over that of the model; None where one of them was not printed."""
    above, below = paper.get(rival), paper.get(model)
    if above is None or below is None:
        return None
    return PaperRatio(
        ratio=above.latency_s / below.latency_s,
        low=above.bounds_s[0] / below.bounds_s[1],
        high=above.bounds_s[1] / below.bounds_s[0],
    )
