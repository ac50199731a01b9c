"""Which convention a publication counted under: the one it states, else the one that gives most of its rows.

One convention is chosen for all rows of a source and metric, so that no row has a rule of its own.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.complexity.conventions import CONVENTIONS
from analysis.published.conditions import input_side, is_registered
from analysis.published.rounding import agree
from analysis.published.timm_index import TIMM_INDEX, covers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from analysis.published.table import PublishedRow

    Total = Callable[[str, str, int], int]

#: Words of the sources for a convention, besides its name and its title.
_WORDS = {
    "openvino ir operation count incl. mean/scale preprocessing": "openvino_preprocessed",
    "constants of the ir (batch norm folded)": "openvino_constants",
    "parameters": "params",
}
_STATED = {
    **_WORDS,
    **{one.name: one.name for one in CONVENTIONS.values()},
    **{one.title.lower(): one.name for one in CONVENTIONS.values()},
}
#: Tried in this order where the source does not say how it counted.
QUICK = ("macs", "two_per_mac", "thop", "thop_0.0.31", TIMM_INDEX, "ptflops")
#: They run or convert the model, and are tried only where none of the quick ones gives half of the rows.
_SLOW = ("fvcore", "openvino", "openvino_preprocessed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The convention taken for a row.

    Args:
        convention: A key of `CONVENTIONS` or `TIMM_INDEX`; empty where none gives a single row of the source.
        stated: Whether the source says so.
        reproduced: How many rows of this source and metric it gives.
        of: How many rows there are.
        tried: Conventions that were tried.
        ties: Other conventions that give as many.
    """

    convention: str
    stated: bool
    reproduced: int = 0
    of: int = 0
    tried: tuple[str, ...] = ()
    ties: tuple[str, ...] = ()


def choose_conventions(rows: Sequence[PublishedRow], total: Total) -> Mapping[int, Choice]:
    """The convention of each cost row, by its place in `rows`.

    Args:
        rows: Any; only ``flops`` and ``params`` of registered models get one.
        total: Counts a model: convention, name, side -> total.
    """
    choices: dict[int, Choice] = {}
    unstated: defaultdict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if row.metric not in {"flops", "params"} or not is_registered(row.model):
            continue
        if states_convention(row):
            choices[place] = Choice(convention=_STATED[row.convention.strip().lower()], stated=True)
        elif row.metric == "params":
            # The word has one common meaning, which needs no stating.
            choices[place] = Choice(convention="params", stated=True)
        else:
            unstated[row.source].append(place)
    for places in unstated.values():
        choice = _choose([rows[place] for place in places], total)
        choices |= dict.fromkeys(places, choice)
    return choices


def states_convention(row: PublishedRow) -> bool:
    """Whether the source says how it counted, in words that are known here."""
    stated = _STATED.get(row.convention.strip().lower())
    return stated is not None and _fits(stated, row)


def _fits(convention: str, row: PublishedRow) -> bool:
    quantity = "operations" if row.metric == "flops" else "parameters"
    return CONVENTIONS[convention].quantity == quantity


def _choose(rows: Sequence[PublishedRow], total: Total) -> Choice:
    """The first of the conventions that give most rows; trying ends with one that gives every row in full digits."""
    scores: dict[str, int] = {}
    for name in (*QUICK, *_SLOW):
        if name in _SLOW and 2 * max(scores.values()) >= len(rows):
            break
        found = [agree(row, total(name, row.model, side)) for row in rows if (side := _side_under(name, row))]
        scores[name] = sum(map(bool, found))
        if found.count("exact") == len(rows):
            break
    most = max(scores.values())
    best = [name for name, score in scores.items() if score == most] if most else []
    return Choice(
        convention=best[0] if best else "",
        stated=False,
        reproduced=most,
        of=len(rows),
        tried=tuple(scores),
        ties=tuple(best[1:]),
    )


def _side_under(convention: str, row: PublishedRow) -> int | None:
    """The side to count a row at; None where the convention is not for its model."""
    return input_side(row) if convention != TIMM_INDEX or covers(row.model) else None
