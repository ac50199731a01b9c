"""A figure of a report: name, title, caption, and the function that plots it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.text import Text

from reports.drawing import style
from reports.drawing.layout import settle
from reports.drawing.picture import Picture
from reports.drawing.settings import drawing
from reports.texts import load_texts
from rexnet_core.printable import escape_controls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from matplotlib.figure import Figure as Drawing


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure.

    Args:
        name: File name without its ending.
        title: Heading.
        caption: What the figure shows, and how to read it.
        needs: Why there is no figure, where `plot` gives None.
        plot: Plots the frames it holds; None where there is nothing to show.
    """

    name: str
    title: str
    caption: str
    needs: str
    plot: Callable[[], Drawing | None]


def list_named(
    kind: str, plots: Mapping[str, Callable[[], Drawing | None]], slug: str = "", **values: str
) -> Iterator[Figure]:
    """Figures in the order of their names, with the texts of their kind of report.

    Args:
        kind: Of the report.
        plots: Functions that plot, by name in ``data/KIND.toml``.
        slug: Added to the names, where a figure is drawn several times.
        values: What the braces in the texts stand for.
    """
    texts = load_texts(kind)["figures"]
    for name, plot in plots.items():
        words = {part: text.format(**values) for part, text in texts[name].items()}
        yield Figure(name=f"{name}{slug}", plot=plot, **words)


def draw(figures: Iterable[Figure]) -> list[Picture]:
    """Draw every figure that has something to show."""
    with drawing():
        return [_draw(figure) for figure in figures]


def _draw(figure: Figure) -> Picture:
    drawn = figure.plot()
    if drawn is None:
        return Picture(name=figure.name, title=figure.title, caption=figure.caption, reason=figure.needs)
    for text in drawn.findobj(Text):
        text.set_text(escape_controls(text.get_text(), keep="\n"))  # an SVG with a control character is no XML
    settle(drawn)
    svg, png = style.render(drawn)
    broad = bool(drawn.get_size_inches()[0] > style.HALF_PAGE_IN)
    return Picture(name=figure.name, title=figure.title, caption=figure.caption, svg=svg, png=png, broad=broad)
