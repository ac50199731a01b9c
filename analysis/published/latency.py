"""What printed latencies imply: ratios between models on the same hardware, beside ratios measured here.

No torch here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from analysis.published.conditions import device, hardware, publication
from analysis.published.verdict import Ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analysis.published.table import PublishedRow

    #: Publication and hardware -> model -> row.
    Latencies = Mapping[tuple[str, str], Mapping[str, PublishedRow]]

#: The pairs of the ReXNet paper's table 5, of about the same accuracy: what its claim of speed rests on.
TABLE_5 = (
    ("rexnet_1.0", "efficientnet_b0"),
    ("rexnet_1.3", "efficientnet_b1"),
    ("rexnet_1.5", "efficientnet_b2"),
    ("rexnet_2.0", "efficientnet_b3"),
)
_RIVALS = {rival: model for model, rival in TABLE_5}
#: Otherwise a latency is divided by the latency of the first model of its family, or of the table's main network.
_FIRST = ("rexnet_lite_1.0", "rexnet_1.0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A number with bounds: of its 95 % interval, or of what would be printed the same."""

    value: float
    low: float
    high: float


def divide(over: PublishedRow, under: PublishedRow) -> Interval:
    """The ratio of two printed numbers; the bounds are how far rounding alone could have moved it."""
    (above, half_above), (below, half_below) = ((float(one.value), float(one.step) / 2) for one in (over, under))
    return Interval(
        value=above / below,
        low=(above - half_above) / (below + half_below),
        high=(above + half_above) / (below - half_below),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Latencies of a run, for rows of the same kind of hardware and batch.

    Args:
        description: Where and how they were taken, in words.
        device: ``cpu`` or ``cuda``.
        batch: Images per call.
        latency_s: Model -> latency [s], each measured in a group of its own.
        paired: (model, divided by) -> ratio from turns taken side by side.
    """

    description: str
    device: str
    batch: int
    latency_s: Mapping[str, Interval] = field(default_factory=dict)
    paired: Mapping[tuple[str, str], Interval] = field(default_factory=dict)


def group_latencies(rows: Sequence[PublishedRow]) -> Latencies:
    """The printed latencies by publication and hardware, and within those by model."""
    found: dict[tuple[str, str], dict[str, PublishedRow]] = {}
    for row in rows:
        if row.metric == "latency":
            found.setdefault((publication(row), hardware(row)), {})[row.model] = row
    return found


def imply(row: PublishedRow, printed: Latencies, measured: Sequence[Measured] = ()) -> Ratio | None:
    """The row's latency over that of the model it is compared with; None where its table has no other to divide by.

    Args:
        row: A printed latency.
        printed: All of them, from `group_latencies`.
        measured: What was measured here.
    """
    kin = printed[publication(row), hardware(row)]
    names = (_RIVALS.get(row.model), *_FIRST)
    to = next((name for name in names if name in kin and name != row.model), None)
    if to is None:
        return None
    whole = divide(row, kin[to])
    own = next((candidate for candidate in measured if _is_like(row, candidate)), None)
    ours, description = _measured_ratio(own, row.model, to) if own else (None, "")
    ratio = Ratio(to=to, printed=whole.value, low=whole.low, high=whole.high, measured=description)
    return replace(ratio, ours=ours.value, ours_low=ours.low, ours_high=ours.high) if ours else ratio


def _is_like(row: PublishedRow, measured: Measured) -> bool:
    """Whether a row is about the kind of device and the batch that were measured."""
    return device(row) == measured.device and f"batch {measured.batch}" in hardware(row).lower().split(", ")


def _measured_ratio(measured: Measured, model: str, to: str) -> tuple[Interval | None, str]:
    if (model, to) in measured.paired:
        return measured.paired[model, to], f"{measured.description}, in turns side by side"
    if model not in measured.latency_s or to not in measured.latency_s:
        return None, ""
    over, under = measured.latency_s[model], measured.latency_s[to]
    apart = Interval(value=over.value / under.value, low=over.low / under.high, high=over.high / under.low)
    return apart, f"{measured.description}, one after the other: the interval is the widest the two allow"
