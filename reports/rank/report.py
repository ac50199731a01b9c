"""How the three rank studies are shown."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from reports.rank import page_layers, page_network, page_trained, text
from reports.rank.columns import TABLES
from reports.rank.figures import plans_layers, plans_network, plans_trained
from reports.rank.frames import rank_frames
from reports.rank.page import render_rank_page
from reports.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from analysis.study import Study
    from reports.drawing.figure import Figure
    from reports.drawing.picture import Picture
    from reports.rank.page_records import RankPage
    from reports.report import Frames


def _make_report(
    kind: str,
    render_text: Callable[[Frames], Iterator[str]],
    list_figures: Callable[[Frames], Iterable[Figure]],
    describe_page: Callable[[Frames], RankPage],
) -> Report:
    def render_page(_study: Study, frames: Frames, pictures: Sequence[Picture]) -> str:
        return render_rank_page(kind, describe_page(frames), pictures)

    return Report(
        kind=kind,
        columns=TABLES[kind],
        frames=rank_frames,
        text=partial(_render_text, render_text),
        figures=lambda _study, frames: list_figures(frames),
        page=render_page,
    )


def _render_text(render: Callable[[Frames], Iterator[str]], study: Any) -> str:
    return "\n".join(render(rank_frames(study))).rstrip()


REPORTS = {
    kind: _make_report(kind, *parts)
    for kind, parts in {
        "layers": (text.render_layers, plans_layers.list_figures, page_layers.describe),
        "network": (text.render_network, plans_network.list_figures, page_network.describe),
        "trained": (text.render_trained, plans_trained.list_figures, page_trained.describe),
    }.items()
}
