"""How text and panels find room."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def wrap(text: str, width: int, lines: int = 2) -> str:
    """A text in at most so many lines; what is cut ends with an ellipsis."""
    wrapped = textwrap.wrap(text, width) or [""]
    if len(wrapped) > lines:
        wrapped = [*wrapped[: lines - 1], textwrap.shorten(" ".join(wrapped[lines - 1 :]), width, placeholder=" ...")]
    return "\n".join(wrapped)


def settle(figure: Figure) -> None:
    """Lay the figure out once and round the places of its panels.

    The solver of the layout may differ in the last bit from one time to the next, and clip paths in an SVG file are
    named after the places: without this the same data would not always give the same bytes.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for panel in figure.axes:
        left, bottom, width, height = (round(side, 6) for side in panel.get_position(original=True).bounds)
        panel.set_position((left, bottom, width, height))
