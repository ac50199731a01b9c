"""The errors a caller can cause; each message is one line: what must hold, what was given, what to do."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from rexnet_core.printable import make_message

if TYPE_CHECKING:
    from collections.abc import Iterable


#: Of a name that is not known, this much is compared with the known ones [characters].
_LONGEST_NAME = 100


class RexbenchError(Exception):
    """Something a user asked for can't be done as asked; the message is one line for that user.

    The message may quote any input: it is escaped, masked and cut here (`rexnet_core.printable`).
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(make_message(message))


class InputError(RexbenchError):
    """A value from outside (an option, a file, a name) breaks a rule; the front door exits with 2."""


class UnknownNameError(InputError):
    """A name is not among the known ones; the message offers the nearest."""

    def __init__(self, kind: str, given: str, known: Iterable[str]) -> None:
        names = list(known)
        near = difflib.get_close_matches(given[:_LONGEST_NAME], names, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
        super().__init__(f"unknown {kind} {given!r}; {hint}")


class WeightsError(InputError):
    """A checkpoint can't be loaded safely, or its tensors don't fit the model."""


class ModelError(RexbenchError):
    """A model from elsewhere fails by itself: its code raises, or its output can't be compared."""


class UnsupportedModelError(RexbenchError):
    """A model from elsewhere can't be measured here, whatever the machine; the message says why."""


class StoreError(RexbenchError):
    """The results store can't be opened, read or written."""


def say(error: BaseException) -> str:
    """The message of an error; empty where the error of a user's code can't even tell it."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a user's code may raise anything
        return ""


def first_line(error: BaseException) -> str:
    """What an error of a library says in one short line, without a path; its type where it says nothing."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else say(error)
    line = text.strip().partition("\n")[0].strip()[:120] or type(error).__name__
    return line if line.isprintable() else ascii(line)[1:-1]  # what a damaged file holds may move the cursor
