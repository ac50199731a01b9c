"""An error of a runtime in one line, with the words that say why."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rexnet_core.errors import say

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST = 500
#: The most that is kept of what comes before the reason.
_HEAD = 240
#: How compilers and libraries begin the line that says what is wrong; else any line that has the word.
_REASONS = (
    re.compile(r"\berror\s*(?:\w+\s*)?:|\w+(?:Error|Exception):", re.IGNORECASE),
    re.compile("error", re.IGNORECASE),
)


def describe_error(error: BaseException) -> str:
    """What an error says up to its first empty line, and the first line below, or of its causes, that has the reason.

    Compilers are quoted below an empty line, and so are the errors that others wrap.
    """
    text = "\n".join(_tell(error))
    head, _, rest = text.partition("\n\n")
    head = " ".join(head.split()) or "no message"
    reason = _find_reason(rest, head)
    return f"{head[:_HEAD]}: {reason}"[:_MOST] if reason else head[:_MOST]


def _tell(error: BaseException) -> Iterator[str]:
    """The message of an error, then those of its causes, each after an empty line."""
    yield say(error)
    seen = {id(error)}
    while (inner := error.__cause__) is not None and id(inner) not in seen:
        seen.add(id(inner))
        error = inner
        yield f"\n{type(error).__name__}: {say(error)}"


def _find_reason(text: str, head: str) -> str:
    lines = [" ".join(line.split()) for line in text.splitlines()]
    # A command line may have the word in an option or a path, and is too long to say anything.
    told = [line for line in lines if line and line not in head and len(line) <= _MOST]
    return next((line for pattern in _REASONS for line in told if pattern.search(line)), "")
