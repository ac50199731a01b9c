"""A drawn figure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One figure as files, or the reason why it was not drawn.

    Args:
        name: File name without its ending.
        title: Heading.
        caption: What is seen and how to read it.
        svg: The SVG file; empty where there is nothing to show.
        png: The PNG file; empty where there is nothing to show.
        reason: Why it was left out; empty where it was drawn.
        broad: Whether it needs the width of a page rather than of half of one.
    """

    name: str
    title: str
    caption: str
    svg: bytes = b""
    png: bytes = b""
    reason: str = ""
    broad: bool = False
