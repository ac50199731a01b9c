"""Text that may hold anything, made fit to be shown: without control characters, passwords or endless values.

Every message that quotes input passes through `make_message`, as `RexbenchError` passes its own through it. Answers
and files pass through `escape_controls`.
"""

from __future__ import annotations

import re
import unicodedata

#: Longer messages are cut in their middle: what must hold stands at the beginning, what to do at the end [characters].
_MOST = 2000
#: Controls, formats such as a change of the writing direction, and halves of characters; separators of lines.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NOT_PLAIN = re.compile(r"[^ -~]")
_MASK = "***"
_NAME = r"(?:[\w.-]*(?:password|passwd|passphrase|pwd|secret|token)|(?:[\w.-]*[_.-])?(?:pass|api_?key))"
#: ``password=...`` as in connection strings, queries and variables, and ``--password ...``.
_NAMED = re.compile(
    rf"(?i)((?<![\w.-])(?:{_NAME}\s*=\s*|--?{_NAME}\s+))"
    r"(?:(\\?['\"]).*?(?:\2|$)|\S+?(?=['\"]?[;,)]?(?:\s|$)))"
)
#: Where the next address begins in a text.
_ADDRESS = re.compile(r"(?<=[\s'\"=(<,])(?=[A-Za-z][A-Za-z0-9+.-]*://)")
_USER = re.compile(r"(://[^:/]*:).+", re.DOTALL)
#: ``user:password`` before an @, where the scheme is missing or only half there.
_BARE = re.compile(r"(?<!\S)([^\s:]*:(?!//))\S+(?=@[^\s@])")


def make_message(text: object) -> str:
    """The text as one line that a terminal can show: controls escaped, passwords masked, cut where it is very long.

    Text that has passed through stays as it is, so that a message may quote another one.
    """
    line = hide_passwords(escape_controls(str(text)))
    if len(line) <= _MOST:
        return line
    half = (_MOST - 5) // 2
    return f"{line[:half]} ... {line[-half:]}"


def escape_controls(text: str, keep: str = "") -> str:
    r"""The text with ``\x1b`` and the like written out where a character can't be seen, or can't be encoded.

    A path that is no text in the encoding of the system holds such characters: the name ends as it began.

    Args:
        text: Any text.
        keep: Characters to leave as they are, such as the ends of lines.
    """

    def show(found: re.Match[str]) -> str:
        sign = found[0]
        return sign if sign in keep or unicodedata.category(sign) not in _UNSEEN else ascii(sign)[1:-1]

    return _NOT_PLAIN.sub(show, text)


def shorten(text: str, most: int = 40) -> str:
    """The beginning of a text that a message quotes.

    Passwords are masked before the cut, for an address without its end no longer shows that it has one.
    """
    plain = hide_passwords(text)
    return plain if len(plain) <= most else f"{plain[:most]}..."


def hide_passwords(text: str) -> str:
    """The text with ``***`` in place of the passwords of addresses and connection strings in it.

    A password may hold any sign, an @ too: from ``user:`` on all is hidden up to the last @ before the next address.
    """
    named = _NAMED.sub(rf"\1{_MASK}", text)
    return "".join(map(_hide_in_address, _ADDRESS.split(named)))


def _hide_in_address(text: str) -> str:
    before, at, after = text.rpartition("@")
    return _BARE.sub(rf"\1{_MASK}", _USER.sub(rf"\1{_MASK}", before) + at + after)
