"""Environment variables that change what runtimes do: each is dropped, or kept and stored, as `variables.csv` decides.

A line of the table is about one variable, or with ``*`` at its end about all that begin so; the longest name that fits
decides. Backends of other distributions add what they want dropped (`BackendInfo.tuning_variables`).
"""

from __future__ import annotations

import csv
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.backends.registry import tuning_variables
from rexnet_core.printable import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

DROPPED, KEPT = "dropped", "kept"
_TABLE = Path(__file__).with_name("variables.csv")
#: The longest value that is stored.
_LONGEST = 500


class Variable(NamedTuple):
    """A variable, or with ``*`` at its end all that begin so.

    Args:
        changes: What it changes.
        decision: `DROPPED`: workers start without it. `KEPT`: they have it, and its value is stored with the run.
        reason: Why.
    """

    name: str
    changes: str
    decision: str
    reason: str


@cache
def read_table() -> tuple[Variable, ...]:
    """All variables that rexbench knows of."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(Variable(**row) for row in csv.DictReader(file))


def find_decision(name: str) -> str | None:
    """What is done with a variable; None for one that changes nothing here."""
    fitting = [
        known
        for known in read_table()
        if name == known.name or (known.name[-1] == "*" and name.startswith(known.name[:-1]))
    ]
    if fitting:
        return max(fitting, key=lambda known: len(known.name)).decision
    return DROPPED if name.startswith(tuning_variables()) else None


def find_dropped(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Names of the variables that are set, and that workers start without."""
    return sorted(name for name in environment if find_decision(name) == DROPPED)


def find_kept(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables that are set, change what runtimes do, and are passed on to workers; no password is in a value."""
    kept = sorted(name for name in environment if find_decision(name) == KEPT)
    return {name: shorten(environment[name], _LONGEST) for name in kept}


def without_dropped(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment that a program starts with which measures, or prepares what is measured."""
    return {name: value for name, value in environment.items() if find_decision(name) != DROPPED}
