"""How verdicts and groups of operators look wherever they are shown: each reads without its colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class VerdictLook(NamedTuple):
    """A verdict's badge.

    Args:
        symbol: Stands before the word.
        colour: Behind dark ink, with which it has a contrast above 9 to 1.
        marker: In figures.
        ink: Of that marker.
    """

    symbol: str
    colour: str
    marker: str
    ink: str


class GroupLook(NamedTuple):
    """A group's part of a bar.

    Args:
        colour: Of the ground; Okabe and Ito's and further ones, which differ in lightness too.
        hatch: In matplotlib's letters.
        pattern: The same as a CSS image; ``none`` for a plain ground.
    """

    colour: str
    hatch: str
    pattern: str


VERDICT_LOOKS = {
    "reproduced": VerdictLook("\N{CHECK MARK}", "#9fd8c4", "o", "#009e73"),
    "explained": VerdictLook("\N{THEREFORE}", "#b5d9f2", "^", "#0072b2"),
    "contradicted": VerdictLook("\N{BALLOT X}", "#f5b393", "X", "#c1440e"),
    "open": VerdictLook("?", "#f7e3a1", "s", "#8a6d00"),
    "needs data": VerdictLook("\N{WHITE SQUARE}", "#e4e4e4", "D", "#7a7a7a"),
    "needs hardware": VerdictLook("\N{WHITE DIAMOND}", "#dcd3ec", "P", "#5d3a9b"),
}
_UNKNOWN_VERDICT = VerdictLook("\N{BULLET}", "#ffffff", ".", "#333333")

_INK = "rgba(0,0,0,.55)"


def _stripes(angle: str, gap: int, ink: str = _INK) -> str:
    return f"repeating-linear-gradient({angle},{ink} 0 1px,transparent 1px {gap}px)"


GROUP_LOOKS = {
    "convolution": GroupLook("#0072b2", "", "none"),
    "linear": GroupLook("#e69f00", "////", _stripes("-45deg", 7)),
    "batch norm": GroupLook("#9ad0f3", "\\\\\\\\", _stripes("45deg", 6)),
    "bias": GroupLook("#333333", "....", _stripes("0deg", 4, "rgba(255,255,255,.6)")),
    "activation": GroupLook("#d55e00", "xxxx", f"{_stripes('45deg', 7)},{_stripes('-45deg', 7)}"),
    "elementwise": GroupLook("#f0e442", "----", _stripes("0deg", 5)),
    "pooling": GroupLook("#009e73", "||||", _stripes("90deg", 5)),
    "preprocessing": GroupLook("#cc79a7", "++++", f"{_stripes('0deg', 6)},{_stripes('90deg', 6)}"),
}
_UNKNOWN_GROUP = GroupLook("#e4e4e4", "**", "none")


def look_of(verdict: str) -> VerdictLook:
    """The style of a verdict; a plain dot for an unknown verdict."""
    return VERDICT_LOOKS.get(verdict, _UNKNOWN_VERDICT)


def group_look(group: str) -> GroupLook:
    """The style of a group; light grey for an unknown group."""
    return GROUP_LOOKS.get(group, _UNKNOWN_GROUP)


def order_groups(groups: Iterable[str]) -> list[str]:
    """Groups that occur, in the order in which they are stacked; those that are not known here last."""
    names = dict.fromkeys(groups)
    return [*(name for name in GROUP_LOOKS if name in names), *(name for name in names if name not in GROUP_LOOKS)]


def badge(verdict: str) -> str:
    """A verdict with its symbol."""
    return f"{look_of(verdict).symbol} {verdict}"
