"""Whether a printed number is a count, at the digits it is printed with. No torch here."""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.published.table import PublishedRow

#: Digits to reckon with: a printed number may have forty, where decimals have 28 by themselves.
_PRECISION = 80
#: Truncation to one digit changes a number by up to a half, so nothing can be concluded from such a number.
_LEAST_TO_CUT = 2
#: In whole numbers with at least this many digits, zeros at the end may be padding.
_LONG = 3


def agree(row: PublishedRow, ours: int, step: Decimal | None = None) -> str:
    """How `ours` becomes the printed number.

    Args:
        row: What was printed.
        ours: In the base unit of its metric.
        step: What one unit of the last digit is worth; default is `last_digit`.

    Returns:
        ``exact``; ``rounded`` or ``cut`` where only one of the two gives it; ``either`` where both do; empty where
        neither does. A number of one digit is not taken as cut.
    """
    if row.value == ours:
        return "exact"
    unit = step or last_digit(row)
    with localcontext(prec=_PRECISION):
        exact = Decimal(ours) / unit
        rounded = row.value in {exact.quantize(Decimal(1), mode) * unit for mode in (ROUND_HALF_EVEN, ROUND_HALF_UP)}
        cut = row.value == exact.quantize(Decimal(1), ROUND_FLOOR) * unit
    if rounded and cut:
        return "either"
    if rounded:
        return "rounded"
    return "cut" if cut and digits(row) >= _LEAST_TO_CUT else ""


def digits(row: PublishedRow) -> int:
    """The number of significant digits: from the first that is not zero to that of `last_digit`."""
    return len(str(int(row.value / last_digit(row))))


def last_digit(row: PublishedRow) -> Decimal:
    """What one unit of the last significant digit is worth, in the base unit.

    Digits after a decimal point are significant. Zeros at the end of a whole number of three digits or more (4800000,
    300) may be padding, and are not.
    """
    zeros = len(row.printed) - len(row.printed.rstrip("0"))
    whole = "." not in row.printed and len(row.printed) >= _LONG
    return row.step * 10**zeros if whole else row.step


def rounded_twice(row: PublishedRow, ours: int) -> bool:
    """Whether rounding to one digit more first, and then again, gives the printed number."""
    unit = last_digit(row)
    with localcontext(prec=_PRECISION):
        first = (Decimal(ours) / unit * 10).quantize(Decimal(1), ROUND_HALF_UP) / 10
        return row.value == first.quantize(Decimal(1), ROUND_HALF_UP) * unit
