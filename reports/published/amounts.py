"""Amounts as people read them: a printed number, and ours in the unit it is printed in."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from analysis.published.table import METRICS

#: Whole numbers from here on are written with separators.
_LONG = 5
#: Digits that ours has beyond the printed ones.
_MORE = 2
_PLAIN_UNIT = "1"
#: Metrics in few letters.
_METRICS = {"checkpoint_size": "file size", "top1": "top-1", "top5": "top-5"}


def name_metric(metric: str) -> str:
    """A metric as people write it."""
    return _METRICS.get(metric, metric)


def show_printed(printed: str, unit: str) -> str:
    """A printed number with its unit, digit for digit; long whole numbers with separators."""
    digits = f"{int(printed):,}" if printed.isascii() and printed.isdigit() and len(printed) >= _LONG else printed
    return digits if unit == _PLAIN_UNIT else f"{digits} {unit}"


def show_ours(ours: int, printed: str, metric: str, unit: str) -> str:
    """Our number in the printed unit, with two digits more than were printed; a plain count is given whole."""
    factor = METRICS.get(metric, {}).get(unit, Decimal(1))
    if factor == 1:
        return show_printed(str(ours), unit)
    return f"{Decimal(ours) / factor:,.{_decimals(printed) + _MORE}f} {unit}"


def _decimals(printed: str) -> int:
    try:
        exponent = Decimal(printed).as_tuple().exponent
    except InvalidOperation:
        return 0
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0
