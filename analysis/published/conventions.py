"""Which convention a publication counted under: the one it states, else the one that gives most of its rows.

One convention is chosen for all rows of a source and metric, so that no row has a rule of its own.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.complexity.conventions import CONVENTIONS
from analysis.published.conditions import is_registered, read_input
from analysis.published.rounding import agree, digits
from analysis.published.timm_index import TIMM_INDEX, covers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from analysis.published.table import PublishedRow

    Total = Callable[[str, str, int], int]

#: Words for a convention, besides its name and its title, as sources write them.
_WORDS = {
    **dict.fromkeys(
        ("mac", "multiply-add", "mult-adds", "multi-adds", "madds", "madd", "multiply-accumulates"), "macs"
    ),
    **dict.fromkeys(("multiply-accumulates", "macs (multiply-adds)", "macs (mult-adds)"), "macs"),
    **dict.fromkeys(("2 x macs", "2x macs", "2 x multiply-add"), "two_per_mac"),
    "openvino ir operation count incl. mean/scale preprocessing": "openvino_preprocessed",
    "constants of the ir (batch norm folded)": "openvino_constants",
    **dict.fromkeys(
        ("paddle", "paddle.summary", "keras", "total params", "with batch norm statistics"), "params_with_statistics"
    ),
}
_STATED = {
    **_WORDS,
    **{one.name: one.name for one in CONVENTIONS.values()},
    **{one.title.lower(): one.name for one in CONVENTIONS.values()},
    TIMM_INDEX: TIMM_INDEX,
}
_UNSTATED = frozenset({"", "not stated", "unknown"})
#: Tried in this order where the source does not say how it counted.
QUICK = ("macs", "two_per_mac", "thop", "thop_0.0.31", TIMM_INDEX, "ptflops", "fvcore")
#: They convert the model, and are tried only where none of the quick ones gives half of the rows.
_SLOW = ("openvino", "openvino_preprocessed")
#: They run the model, or convert it, which takes minutes beyond this side.
_RUNNING = ("fvcore", *_SLOW)
SLOW_SIDE = 512
#: Agreement in this many digits is no coincidence, even in a single row.
MANY_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The convention taken for a row.

    Args:
        convention: A key of `CONVENTIONS` or `TIMM_INDEX`; empty where none can be taken.
        stated: Whether the source says so.
        reproduced: How many rows of this source it gives.
        of: How many rows there are.
        tried: Conventions that were tried.
        ties: Other conventions that give as many.
        problem: Why no convention can be taken; empty where one is.
    """

    convention: str
    stated: bool
    reproduced: int = 0
    of: int = 0
    tried: tuple[str, ...] = ()
    ties: tuple[str, ...] = ()
    problem: str = ""


def choose_conventions(rows: Sequence[PublishedRow], total: Total) -> Mapping[int, Choice]:
    """The convention of each cost row, by its place in `rows`.

    Args:
        rows: Any; only ``flops`` and ``params`` of registered models get one.
        total: Counts a model: convention, name, side -> total.
    """
    choices: dict[int, Choice] = {}
    unstated: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if row.metric not in {"flops", "params"} or not is_registered(row.model):
            continue
        problem = read_input(row).problem or _unknown_words(row)
        if problem:
            choices[place] = Choice(convention="", stated=False, problem=problem)
        elif (stated := stated_convention(row)) is not None:
            choices[place] = Choice(convention=stated, stated=True)
        else:
            unstated[row.source, row.file].append(place)
    for places in unstated.values():
        choice = _choose([rows[place] for place in places], total)
        choices |= dict.fromkeys(places, choice)
    return choices


def stated_convention(row: PublishedRow) -> str | None:
    """The convention a row states in words that are known here; None where it states none, or one of no use to it."""
    words = row.convention.strip().lower()
    if row.metric == "params" and words in _UNSTATED:
        return "params"  # the word has one common meaning, which needs no stating
    name = _STATED.get(words)
    return name if name is not None and _fits(name, row) else None


def _unknown_words(row: PublishedRow) -> str:
    """What is wrong with the convention that a row states; empty for a sound one, and for a row that states none."""
    if row.convention.strip().lower() in _UNSTATED or stated_convention(row) is not None:
        return ""
    known = ", ".join((*CONVENTIONS, TIMM_INDEX))
    return f"the source states {row.convention!r}, which is no convention of {row.metric} known here ({known})"


def _fits(convention: str, row: PublishedRow) -> bool:
    if convention == TIMM_INDEX:
        return row.metric == "flops" and covers(row.model)
    quantity = "operations" if row.metric == "flops" else "parameters"
    return CONVENTIONS[convention].quantity == quantity


def _choose(rows: Sequence[PublishedRow], total: Total) -> Choice:
    """The first of the conventions that give most rows; trying ends with one that gives every row in full digits.

    One row alone is no evidence, unless it has many digits: some convention gives almost any short number.
    """
    scores: dict[str, int] = {}
    sure = False
    for name in (*QUICK, *_SLOW):
        if name in _SLOW and not _worth_converting(rows, scores):
            break
        if name in _RUNNING and _largest_side(rows) > SLOW_SIDE:
            continue
        agreements = [
            (row, agree(row, total(name, row.model, side))) for row in rows if (side := _side_under(name, row))
        ]
        scores[name] = sum(bool(how) for _, how in agreements)
        sure = any(how == "exact" and digits(row) >= MANY_DIGITS for row, how in agreements)
        if sure and scores[name] == len(rows):
            break
    most = max(scores.values())
    best = [name for name, score in scores.items() if score == most] if most else []
    enough = bool(best) and (2 * most > len(rows)) and (most > 1 or sure)
    return Choice(
        convention=best[0] if enough else "",
        stated=False,
        reproduced=most,
        of=len(rows),
        tried=tuple(scores),
        ties=tuple(best[1:]),
        problem="" if enough else _undecided(best, most, len(rows), tuple(scores)),
    )


def _undecided(best: Sequence[str], most: int, of: int, tried: Sequence[str]) -> str:
    """Why none was taken, in words."""
    reason = (
        f"{' or '.join(best)} would give {most} of its {of} rows, which may be chance" if best else "none gives a row"
    )
    return f"the source does not say how it counted: {reason}; tried: {', '.join(tried)}"


def _worth_converting(rows: Sequence[PublishedRow], scores: Mapping[str, int]) -> bool:
    return 2 * max(scores.values()) < len(rows)


def _largest_side(rows: Sequence[PublishedRow]) -> int:
    return max(side for row in rows if (side := read_input(row).side))


def _side_under(convention: str, row: PublishedRow) -> int | None:
    """The side to count a row at; None where the convention is not for its model or its source."""
    if convention == TIMM_INDEX and not (covers(row.model) and "timm" in row.source.lower()):
        return None
    return read_input(row).side
