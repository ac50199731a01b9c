"""Checks of single values; what breaks a rule is an error with its place in the file."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from bench.planning.option_values import duration
from rexnet_core.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

#: Names from the outermost table to a key.
Place = tuple[str, ...]
#: Longer texts are cut where they are shown.
_SHOWN = 40
_MOST_ITEMS = 1000


class MisplacedError(InputError):
    """A value at a place of the file breaks a rule."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place


def check_table(place: Place, value: Any, known: Iterable[str] | None = None) -> Mapping[str, Any]:
    """A table, whose keys are among those known.

    Raises:
        MisplacedError: It is none, or a key is not known.
    """
    if not isinstance(value, dict):
        raise MisplacedError(place, f"{_name(place)} must be a table, not {show(value)}")
    names = None if known is None else list(known)
    for key in value:
        if names is not None and key not in names:
            raise MisplacedError((*place, key), str(UnknownNameError(f"key of {_name(place)}", key[:_SHOWN], names)))
    return value


def check_text(place: Place, value: Any) -> str:
    """A text on one line.

    Raises:
        MisplacedError: It is none.
    """
    if not isinstance(value, str) or not value or not value.isprintable():
        raise MisplacedError(place, f"{place[-1]} must be a text on one line, not {show(value)}")
    return value


def check_whole(place: Place, value: Any) -> int:
    """A whole number of at least 1.

    Raises:
        MisplacedError: It is none.
    """
    if type(value) is not int or not 1 <= value < 2**31:
        raise MisplacedError(place, f"{place[-1]} must be a whole number of at least 1, not {show(value)}")
    return value


def check_share(place: Place, value: Any) -> float:
    """A number between 0 and 1.

    Raises:
        MisplacedError: It is none.
    """
    if type(value) not in {int, float} or not 0 < value < 1:
        raise MisplacedError(place, f"{place[-1]} must be a share between 0 and 1, not {show(value)}")
    return float(value)


def check_duration(place: Place, value: Any) -> float:
    """A time [s], as a number of seconds or as ``--budget`` takes it.

    Raises:
        MisplacedError: It is none.
    """
    try:
        return duration(value if isinstance(value, str) else repr(value) if type(value) in {int, float} else "")
    except (argparse.ArgumentTypeError, ValueError):  # a number of thousands of digits can't be written out
        told = f"{place[-1]} must be a time above 0 such as 90, '90s' or '1h30m', not {show(value)}"
        raise MisplacedError(place, told) from None


def check_list(place: Place, value: Any, check: Callable[[Place, Any], Any]) -> tuple[Any, ...]:
    """A list that is not empty, of checked values, each once.

    Raises:
        MisplacedError: It is none, or one of its values breaks a rule.
    """
    if not isinstance(value, list) or not 0 < len(value) <= _MOST_ITEMS:
        told = "an empty list" if value == [] else show(value)
        raise MisplacedError(place, f"{place[-1]} must be a list of at least one and at most {_MOST_ITEMS}, not {told}")
    return tuple(dict.fromkeys(check(place, one) for one in value))


def one_of(kind: str, known: Iterable[str]) -> Callable[[Place, Any], str]:
    """A check: one of these words."""
    names = tuple(known)

    def check(place: Place, value: Any) -> str:
        if isinstance(value, str) and value in names:
            return value
        given = value[:_SHOWN] if isinstance(value, str) else show(value)
        raise MisplacedError(place, str(UnknownNameError(kind, given, names)))

    return check


def show(value: Any) -> str:
    """A value as an error shows it: short, and on its line."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    try:
        text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _name(place: Place) -> str:
    return f"[{'.'.join(name if name.isprintable() else ascii(name) for name in place)[:80]}]" if place else "the file"
