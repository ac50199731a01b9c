"""Types of options for argparse, whose messages say what is needed. No torch here."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def whole(text: str) -> int:
    """A whole number.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a whole number is needed, not {text!r}") from None


def whole_or(word: str) -> Callable[[str], int | str]:
    """A type of options: a whole number, or that one word."""

    def read(text: str) -> int | str:
        if text == word:
            return word
        try:
            return whole(text)
        except argparse.ArgumentTypeError:
            raise argparse.ArgumentTypeError(f"a whole number or the word {word} is needed, not {text!r}") from None

    return read


def megabytes(text: str) -> int:
    """So many million bytes, at least one million.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    value = whole(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"a whole number of megabytes above 0 is needed, not {text!r}")
    return value * 10**6


def number(text: str) -> float:
    """A finite number.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"a number is needed, not {text!r}")
    return value
