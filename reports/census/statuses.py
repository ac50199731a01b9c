"""The statuses of a census and how they look; each reads without its colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class StatusLook(NamedTuple):
    """A status's badge, and its part of a bar.

    Args:
        symbol: Stands before the word.
        colour: Behind dark ink.
        hatch: In matplotlib's letters.
        meaning: In words.
    """

    symbol: str
    colour: str
    hatch: str
    meaning: str


#: In the order in which they are stacked.
LOOKS = {
    "ok": StatusLook("\N{CHECK MARK}", "#9fd8c4", "", "runs, and agrees with its reference"),
    "mismatch": StatusLook("\N{NOT EQUAL TO}", "#f7e3a1", "////", "runs, and differs from its reference"),
    "failed": StatusLook("\N{BALLOT X}", "#f5b393", "xxxx", "does not run"),
    "unsupported": StatusLook("\N{EMPTY SET}", "#dcd3ec", "\\\\\\\\", "the backend can't take such a model"),
    "unavailable": StatusLook("?", "#e4e4e4", "....", "can't run on this machine"),
}
_UNKNOWN = StatusLook("\N{BULLET}", "#ffffff", "", "")


def look_of(status: str) -> StatusLook:
    """The look of a status; a plain one for an unknown status."""
    return LOOKS.get(status, _UNKNOWN)


def badge(status: str) -> str:
    """A status with its symbol."""
    return f"{look_of(status).symbol} {status}"


def order(statuses: Iterable[str]) -> list[str]:
    """Those that occur, in the order of `LOOKS`; unknown ones last."""
    names = dict.fromkeys(statuses)
    return [*(name for name in LOOKS if name in names), *(name for name in names if name not in LOOKS)]
