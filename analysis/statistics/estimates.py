"""A number with its interval: the one record for it, and the one way to print it. Standard library alone."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

#: Two-sided coverage of every interval that does not name another.
COVERAGE = 0.95

#: Significant digits of half an interval, and of a value without one.
_INTERVAL_DIGITS, _PLAIN_DIGITS = 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its interval, which covers 95 % where nothing else is said.

    A bound that does not exist is NaN, never None; so is a value that does not exist. Both bounds exist or neither.

    Args:
        value: The point estimate.
        low: Lower bound, in the unit of the value.
        high: Upper bound.
        method: How the interval was made, such as ``student`` or ``bootstrap``; empty without an interval.
        reason: Why there is no interval, in one line; empty where there is one.
    """

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    method: str = ""
    reason: str = ""

    @property
    def has_interval(self) -> bool:
        """Whether both bounds exist."""
        return not (math.isnan(self.low) or math.isnan(self.high))

    @property
    def half_width(self) -> float:
        """Half the interval over the size of the value; inf without an interval, so that it meets no target."""
        if not self.has_interval or self.value == 0:
            return math.inf
        return (self.high - self.low) / 2 / abs(self.value)

    def excludes(self, reference: float) -> bool:
        """Whether the interval leaves out `reference`; False without an interval."""
        return self.low > reference or self.high < reference

    def scaled(self, factor: float) -> Estimate:
        """The same estimate in another unit.

        Args:
            factor: Above 0; multiplies the value and both bounds.
        """
        return replace(self, value=self.value * factor, low=self.low * factor, high=self.high * factor)


def format_estimate(estimate: Estimate, unit: str = "", *, scale: float = 1.0, signed: bool = False) -> str:
    """The value and its interval, such as ``12.3 ms [12.1, 12.6]``, with the digits that the interval supports.

    All three numbers have as many decimals as give half the interval two significant digits, and more where an
    interval that excludes 0 would print the value as 0. A value without an interval has three significant digits and
    reads ``12.3 ms [no interval]``; a missing value reads ``-``.

    Args:
        estimate: What to print.
        unit: Printed after the value; empty for none.
        scale: Multiplies all three numbers first, such as 1000 for seconds in ms.
        signed: Whether positive numbers carry a plus sign.
    """
    if math.isnan(estimate.value):
        return "-"
    value, low, high = (number * scale for number in (estimate.value, estimate.low, estimate.high))
    sign, end = "+" if signed else "", f" {unit}" if unit else ""
    if not estimate.has_interval:
        return f"{value:{sign}.{_PLAIN_DIGITS}g}{end} [no interval]"
    decimals = _count_decimals(value, low, high)
    return f"{value:{sign}.{decimals}f}{end} [{low:{sign}.{decimals}f}, {high:{sign}.{decimals}f}]"


def _count_decimals(value: float, low: float, high: float) -> int:
    """Decimals that give half the interval two significant digits; 0 for an interval in the hundreds."""
    sizes = [(high - low) / 2]
    # A wide interval must not print a small value as 0 where the interval itself excludes 0.
    if low > 0 or high < 0:
        sizes.append(abs(value))
    digits = [_INTERVAL_DIGITS - 1 - math.floor(math.log10(size)) for size in sizes if 0 < size < math.inf]
    return max([0, *digits])
