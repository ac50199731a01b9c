"""The page of a rank study: self-contained, with what became of the claims first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from reports.page.datatables import embed_library, render_table
from reports.page.templates import data_uri, load_template, read_part
from reports.rank import columns, page_layers, page_network, page_trained

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from reports.drawing.picture import Picture
    from reports.rank.page_records import RankPage

__all__ = ["describe_rank", "render_rank_page"]

_PAGES: dict[str, Callable[[Mapping[str, pd.DataFrame]], RankPage]] = {
    "layers": page_layers.describe,
    "network": page_network.describe,
    "trained": page_trained.describe,
}


def describe_rank(kind: str, frames: Mapping[str, pd.DataFrame]) -> RankPage:
    """What the page says besides its figures.

    Args:
        kind: A key of `reports.rank.columns.TABLES`.
        frames: As from `reports.rank.rank_frames`.
    """
    return _PAGES[kind](frames)


def render_rank_page(kind: str, frames: Mapping[str, pd.DataFrame], pictures: Sequence[Picture]) -> str:
    """The report as HTML.

    Args:
        kind: A key of `reports.rank.columns.TABLES`.
        frames: As from `reports.rank.rank_frames`.
        pictures: As from `reports.rank.figures.plot_rank`.
    """
    page = describe_rank(kind, frames)
    tables = {
        # The table library escapes every cell.
        section.name: Markup(render_table(section.name, section.table, section.meanings))  # noqa: S704
        if len(section.table)
        else None
        for section in page.sections
    }
    return load_template("page.html.j2", "reports.rank").render(
        format_version=columns.FORMAT_VERSION,
        page=page,
        style=Markup(read_part("page.css")),  # noqa: S704 - our own file
        library=Markup(embed_library()),  # noqa: S704 - the table library itself
        pictures=pictures,
        tables=tables,
        data_uri=data_uri,
    )
