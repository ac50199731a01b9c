"""Checks of the values in a configuration file; each takes a value and returns it as the plan needs it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bench.planning.option_values import duration
from rexnet_core.errors import InputError, UnknownNameError
from rexnet_core.printable import shorten

Check = Callable[[Any], Any]
#: Longer values are cut where they are shown.
_MOST_SHOWN = 40


class KeyedError(InputError):
    """A value breaks a rule; the message begins with its key."""


def check_keys(table: Any, checks: Mapping[str, Check]) -> dict[str, Any]:
    """The checked values of a table; an unknown key, or a value that breaks a rule, is an `InputError`."""
    if not isinstance(table, dict):
        raise InputError(f"must be a table, got {show(table)}")
    for key in table:
        if key not in checks:
            raise UnknownNameError("key", key, checks)
    return {key: _check_value(key, value, checks[key]) for key, value in table.items()}


def _check_value(key: str, value: Any, check: Check) -> Any:
    try:
        return check(value)
    except KeyedError as error:
        raise KeyedError(f"{key}.{error}") from None
    except InputError as error:
        raise KeyedError(f"{key}: {error}") from None


def check_text(value: Any) -> str:
    """A text on one line, not empty."""
    if not isinstance(value, str) or not value or not value.isprintable():
        raise InputError(f"must be a text on one line, got {show(value)}")
    return value


def check_whole(value: Any) -> int:
    """A whole number of at least 1."""
    if type(value) is not int or not 1 <= value < 2**31:
        raise InputError(f"must be a whole number of at least 1, got {show(value)}")
    return value


def check_share(value: Any) -> float:
    """A number between 0 and 1."""
    if type(value) not in {int, float} or not 0 < value < 1:
        raise InputError(f"must be a share between 0 and 1, got {show(value)}")
    return float(value)


def check_duration(value: Any) -> float:
    """A time [s], written as a number of seconds or as ``--budget`` takes it."""
    try:
        return duration(value if isinstance(value, str) else repr(value))
    except argparse.ArgumentTypeError:
        raise InputError(f"must be a time above 0 such as 90, '90s' or '1h30m', got {show(value)}") from None


def list_of(check: Check, *, distinct: bool = True) -> Check:
    """A check: a list that is not empty; where values are `distinct`, repeated ones are dropped."""

    def check_list(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not value:
            raise InputError(f"must be a list with at least one value, got {show(value)}")
        checked = tuple(map(check, value))
        return tuple(dict.fromkeys(checked)) if distinct else checked

    return check_list


def one_of(kind: str, known: Iterable[str]) -> Check:
    """A check: one of these names."""
    names = tuple(known)

    def check_name(value: Any) -> str:
        if isinstance(value, str) and value in names:
            return value
        raise UnknownNameError(kind, shorten(value, _MOST_SHOWN) if isinstance(value, str) else show(value), names)

    return check_name


def show(value: Any) -> str:
    """A value as an error shows it."""
    return shorten(repr(value), _MOST_SHOWN)
