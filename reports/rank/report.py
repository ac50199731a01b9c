"""How the three rank studies are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.columns import make_frame
from reports.page.templates import render_page
from reports.rank import layers, network, page_layers, page_network, page_trained, text, trained
from reports.rank.figures import plans
from reports.rank.schemas import SCHEMAS
from reports.rank.tables import TABLES
from reports.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from analysis.study import Study
    from reports.drawing.figure import Figure
    from reports.drawing.picture import Picture
    from reports.rank.page_records import RankPage
    from reports.rank.rows import Row
    from reports.report import Frames


def _make_report(
    kind: str,
    table_rows: Callable[[Study], Mapping[str, Iterable[Row]]],
    render_text: Callable[[Frames], Iterator[str]],
    list_figures: Callable[[Frames], Iterable[Figure]],
    describe_page: Callable[[Frames], RankPage],
) -> Report:
    def build_frames(study: Study) -> Frames:
        rows = table_rows(study)
        return {name: make_frame(rows[name], table) for name, table in TABLES[kind].items()}

    def render_rank_page(_study: Study, frames: Frames, pictures: Sequence[Picture]) -> str:
        page = describe_page(frames)
        title = f"rexbench: {page.title}"
        return render_page(
            "rank/page.html.j2", kind=kind, title=title, pictures=pictures, sections=page.sections, page=page
        )

    return Report(
        kind=kind,
        columns=TABLES[kind],
        frames=build_frames,
        text=lambda study: "\n".join(render_text(build_frames(study))).rstrip(),
        schema=SCHEMAS[kind],
        figures=lambda _study, frames: list_figures(frames),
        page=render_rank_page,
    )


REPORTS = {
    kind: _make_report(kind, *parts)
    for kind, parts in {
        "layers": (layers.table_rows, text.render_layers, plans.list_layers, page_layers.describe),
        "network": (network.table_rows, text.render_network, plans.list_network, page_network.describe),
        "trained": (trained.table_rows, text.render_trained, plans.list_trained, page_trained.describe),
    }.items()
}
