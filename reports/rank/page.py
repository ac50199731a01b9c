"""The page of a rank study: self-contained, with the verdicts on the claims first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.page.templates import render_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.drawing.picture import Picture
    from reports.rank.page_records import RankPage


def render_rank_page(kind: str, page: RankPage, pictures: Sequence[Picture]) -> str:
    """The report as HTML.

    Args:
        kind: Of the study.
        page: Everything the page says besides its figures.
        pictures: The drawn figures.
    """
    return render_page(
        "rank/page.html.j2",
        kind=kind,
        title=f"rexbench: {page.title}",
        pictures=pictures,
        sections=page.sections,
        page=page,
    )
