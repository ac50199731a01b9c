"""Whether a printed number is a count, at the digits it is printed with. No torch here."""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.published.table import PublishedRow


def agree(row: PublishedRow, ours: int, step: Decimal | None = None) -> str:
    """How `ours` becomes the printed number.

    Args:
        row: What was printed.
        ours: In the base unit of its metric.
        step: What one unit of the last digit is worth; default is `last_digit`.

    Returns:
        ``exact``; ``rounded`` or ``cut`` where only one of the two gives it; ``either`` where both do; empty where
        neither does.
    """
    if row.value == ours:
        return "exact"
    unit = step or last_digit(row)
    exact = Decimal(ours) / unit
    rounded = row.value in {exact.quantize(Decimal(1), mode) * unit for mode in (ROUND_HALF_EVEN, ROUND_HALF_UP)}
    cut = row.value == exact.quantize(Decimal(1), ROUND_FLOOR) * unit
    if rounded and cut:
        return "either"
    return "rounded" if rounded else "cut" if cut else ""


def last_digit(row: PublishedRow) -> Decimal:
    """What one unit of the last telling digit is worth, in the base unit.

    The digits after a decimal point tell; zeros at the end of a whole number of ones (4800000) do not.
    """
    zeros = len(row.printed) - len(row.printed.rstrip("0"))
    whole = "." not in row.printed and row.unit == "1"
    return row.step * 10**zeros if whole and zeros < len(row.printed) else row.step


def rounded_twice(row: PublishedRow, ours: int) -> bool:
    """Whether rounding to one digit more first, and then again, gives the printed number."""
    unit = last_digit(row)
    first = (Decimal(ours) / unit * 10).quantize(Decimal(1), ROUND_HALF_UP) / 10
    return row.value == first.quantize(Decimal(1), ROUND_HALF_UP) * unit
