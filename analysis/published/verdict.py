"""What became of a printed number, as a value. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from decimal import Decimal

    from analysis.published.table import PublishedRow

#: Every verdict with what it says, best first.
VERDICTS = {
    "reproduced": "our count gives the printed digits",
    "explained": "our count does not give the printed digits, and a computation shows why",
    "contradicted": "its convention is known, and under it our count gives other digits",
    "open": "not settled: several conventions may have made it, or nothing here can count it",
    "needs data": "an accuracy: it takes the data set and the checkpoint to check",
    "needs hardware": "a latency: it takes the hardware; what can be compared are ratios between models",
}

#: Columns of a ratio to its fields.
_RATIO_COLUMNS = {
    "printed_ratio": "printed",
    "printed_ratio_low": "low",
    "printed_ratio_high": "high",
    "our_ratio": "ours",
    "our_ratio_low": "ours_low",
    "our_ratio_high": "ours_high",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A latency over that of another model, as printed, and as measured here.

    Args:
        to: The model divided by.
        printed: Ratio of the printed numbers.
        low: Smallest ratio that prints so.
        high: Largest ratio that prints so.
        ours: Measured ratio; None where nothing was measured.
        ours_low: Lower end of its 95 % interval.
        ours_high: Upper end of its 95 % interval.
        measured: Where and how it was measured; empty where it was not.
    """

    to: str
    printed: float
    low: float
    high: float
    ours: float | None = None
    ours_low: float | None = None
    ours_high: float | None = None
    measured: str = ""

    @property
    def overlaps(self) -> bool | None:
        """Whether what was printed and what was measured can be the same; None where nothing was measured."""
        if self.ours_low is None or self.ours_high is None:
            return None
        return self.ours_low <= self.high and self.low <= self.ours_high


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One printed number beside ours.

    Args:
        row: What was printed, and where.
        verdict: A key of `VERDICTS`.
        how: For a reproduced one: ``exact``, ``rounded``, ``cut``, or ``either`` of the two.
        convention: What ours was counted under; empty where nothing was counted.
        ours: Our count in the base unit; None where nothing was counted.
        reason: Why, in words.
        command: What would check it; empty where it is checked.
        ratio: For a latency.
    """

    row: PublishedRow
    verdict: str
    how: str = ""
    convention: str = ""
    ours: int | None = None
    reason: str = ""
    command: str = ""
    ratio: Ratio | None = None

    @property
    def difference(self) -> Decimal | None:
        """Printed minus ours in the base unit; None where nothing was counted."""
        return None if self.ours is None else self.row.value - self.ours

    def as_dict(self) -> dict[str, Any]:
        """Plain values: the columns of the table."""
        row, difference = self.row, self.difference
        percent = None if difference is None else 100 * difference / row.value
        return {
            **{name: getattr(row, name) for name in ("source", "locator", "model", "metric", "printed", "unit")},
            **{name: getattr(self, name) for name in ("verdict", "how", "convention", "ours")},
            "difference": None if difference is None else float(difference),
            "difference_percent": None if percent is None else float(percent),
            "reason": self.reason,
            "command": self.command,
            "ratio_to": self.ratio.to if self.ratio else "",
            **{column: getattr(self.ratio, name, None) for column, name in _RATIO_COLUMNS.items()},
            "measured": self.ratio.measured if self.ratio else "",
            "stated_convention": row.convention,
            **{name: getattr(row, name) for name in ("conditions", "note", "file", "line")},
        }
