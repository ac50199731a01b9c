"""The latencies that the ReXNet paper printed, by the case they are about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from analysis.published.conditions import hardware
from analysis.published.latency import Interval, divide

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from analysis.published import PublishedRow

_SOURCE = "ReXNet paper"
_BATCH = re.compile(r".+, batch (?P<batch>[0-9]+)")

#: Model, device and batch size.
Key = tuple[str, str, int]


def read_paper(rows: Iterable[PublishedRow]) -> dict[Key, PublishedRow]:
    """The paper's latencies among published numbers; each was taken at the model's own input side."""
    latencies = {}
    for row in rows:
        batch = _BATCH.fullmatch(hardware(row))
        if row.metric == "latency" and row.source.startswith(_SOURCE) and batch:
            device = "cuda" if row.locator.startswith("GPU") else "cpu"
            latencies[row.model, device, int(batch["batch"])] = row
    return latencies


def divide_printed(paper: Mapping[Key, PublishedRow], other: Key, model: Key) -> Interval | None:
    """The printed latency of the other model over that of the model; None where one of them was not printed."""
    above, below = paper.get(other), paper.get(model)
    return None if above is None or below is None else divide(above, below)
