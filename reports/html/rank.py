"""The page of a rank study: self-contained, with what became of the claims first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from reports.html import data_uri, load_template, rank_layers, rank_network, rank_trained, read_part
from reports.html.datatables import embed_library, render_table
from reports.rank import columns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from reports.figures import Picture
    from reports.html.rank_page import RankPage

__all__ = ["describe_rank", "render_rank_page"]

_PAGES: dict[str, Callable[[Mapping[str, pd.DataFrame]], RankPage]] = {
    "layers": rank_layers.describe,
    "network": rank_network.describe,
    "trained": rank_trained.describe,
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
        pictures: As from `reports.figures.rank.plot_rank`.
    """
    page = describe_rank(kind, frames)
    tables = {
        # The table library escapes every cell.
        section.name: Markup(render_table(section.name, section.table, section.meanings))  # noqa: S704
        if len(section.table)
        else None
        for section in page.sections
    }
    return load_template("rank.html.j2").render(
        format_version=columns.FORMAT_VERSION,
        page=page,
        style=Markup(read_part("page.css")),  # noqa: S704 - our own file
        library=Markup(embed_library()),  # noqa: S704 - the table library itself
        pictures=pictures,
        tables=tables,
        data_uri=data_uri,
    )
