"""Types of options for argparse; for any other text they raise `ArgumentTypeError`, which says what is needed."""

from __future__ import annotations

import argparse
import math
import re
from typing import TYPE_CHECKING

from rexnet_core.printable import shorten

if TYPE_CHECKING:
    from collections.abc import Callable


#: Whole numbers are below this, as in the configuration file and in the columns of a database.
_MOST = 2**31


def whole(text: str) -> int:
    """A whole number of 32 bits."""
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a whole number is needed, not {shorten(text)!r}") from None
    if not -_MOST < value < _MOST:
        raise argparse.ArgumentTypeError(f"a whole number below {_MOST} is needed, not {shorten(text)!r}")
    return value


def whole_or(word: str) -> Callable[[str], int | str]:
    """A type of options: a whole number, or one given word."""

    def read(text: str) -> int | str:
        if text == word:
            return word
        try:
            return whole(text)
        except argparse.ArgumentTypeError:
            raise argparse.ArgumentTypeError(
                f"a whole number or the word {word} is needed, not {shorten(text)!r}"
            ) from None

    return read


def megabytes(text: str) -> int:
    """A number of megabytes, as bytes."""
    value = whole(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"a whole number of megabytes above 0 is needed, not {shorten(text)!r}")
    return value * 10**6


#: Hours, minutes and seconds, each once and at least one of them; seconds alone need no letter.
_DURATION = re.compile(r"(?:(?P<h>[0-9.]+)h)?(?:(?P<m>[0-9.]+)m(?:in)?)?(?:(?P<s>[0-9.]+)s)?|(?P<plain>[0-9.e]+)")


def duration(text: str) -> float:
    """A time above 0 [s], such as ``90``, ``90s``, ``10m`` or ``1h30m``."""
    match = _DURATION.fullmatch(text.strip().lower())
    parts = match.groupdict(default="0") if match and text.strip() else {}
    try:
        seconds = sum(float(parts[name]) * scale for name, scale in (("h", 3600), ("m", 60), ("s", 1), ("plain", 1)))
    except (KeyError, ValueError):
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"a time above 0 such as 90s, 10m or 1h30m is needed, not {shorten(text)!r}")
    return seconds


def number(text: str) -> float:
    """A finite number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"a number is needed, not {shorten(text)!r}")
    return value
