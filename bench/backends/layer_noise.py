"""How much quantising costs the output of a layer."""

from __future__ import annotations

import math


def decibels(signal: float, noise: float) -> float:
    """The ratio of signal to noise [dB].

    Args:
        signal: Power of a layer's output in fp32.
        noise: Power of the difference of the output in int8.

    Returns:
        NaN for a layer that gives nothing but zeros, infinity where both outputs are equal.
    """
    if not signal:
        return math.nan
    return 10 * math.log10(signal / noise) if noise else math.inf
