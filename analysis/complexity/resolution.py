"""The rule for input sides, in one place for the counters and for the benchmark. No torch here."""

from __future__ import annotations

import operator
from typing import SupportsIndex

from rexnet_core.errors import InputError

#: Below this a network that halves its input five times is left with less than one pixel.
SMALLEST_SIDE = 32

#: At 4096 one activation of the widest published network already takes more than a gigabyte.
LARGEST_SIDE = 4096

_LONGEST_BITS = 128


def check_resolution(side: SupportsIndex) -> int:
    """The side of a square input, as a plain int; it need not be a multiple of 32.

    Args:
        side: Side [pixels], from `SMALLEST_SIDE` to `LARGEST_SIDE`.

    Raises:
        InputError: `side` is no whole number, or out of range.
    """
    rule = f"resolution must be a whole number of pixels from {SMALLEST_SIDE} to {LARGEST_SIDE}"
    if isinstance(side, bool) or not hasattr(side, "__index__"):
        raise InputError(f"{rule}, got {side!r}; give one such as 224")
    pixels = operator.index(side)
    if not SMALLEST_SIDE <= pixels <= LARGEST_SIDE:
        # Python refuses to write out a number of thousands of digits, which a file may hold.
        told = str(pixels) if pixels.bit_length() <= _LONGEST_BITS else f"a number of {pixels.bit_length()} bits"
        raise InputError(f"{rule}, got {told}; give one such as 224")
    return pixels
