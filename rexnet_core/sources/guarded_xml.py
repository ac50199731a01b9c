"""XML from files that may be hostile: without declarations of entities, and not deeper than any real file."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from rexnet_core.errors import InputError, first_line

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element

#: A loop within a loop adds five.
_DEEPEST = 200


class _Guarded(ET.TreeBuilder):
    """A builder that stops at a document type, where entities are declared, and at depth."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    # The parser calls these three as it goes.
    def doctype(self, *_declared: str | None) -> None:
        raise _RefusedError("it declares a document type")

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _RefusedError(f"it is nested more than {_DEEPEST} deep")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)


class _RefusedError(Exception):
    """What no graph has."""


def parse_xml(data: bytes, path: Path) -> Element:
    """The root of a document.

    Args:
        data: The whole document.
        path: Where it comes from, for the message.

    Raises:
        InputError: It is no XML, declares a document type, or is nested beyond reason.
    """
    parser = ET.XMLParser(target=_Guarded())  # noqa: S314 - the target refuses what makes it unsafe
    try:
        parser.feed(data)
        root: Element = parser.close()
    except (ET.ParseError, ValueError, LookupError, _RefusedError) as error:
        # An unknown encoding is a LookupError, one of several bytes a ValueError.
        raise InputError(
            f"an OpenVINO IR must be plain XML; {path}: {first_line(error)}; convert the model again"
        ) from error
    return root
