"""How a run is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.report import Report
from reports.run.conditions import footnote
from reports.run.figures import list_figures
from reports.run.frames import TABLES, all_frames
from reports.run.page import render_run_page
from reports.run.text import render_cases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.drawing.figure import Figure
    from reports.report import Frames
    from reports.run.data import RunData


def _list_figures(run: RunData, frames: Frames) -> Iterator[Figure]:
    return list_figures(frames, footnote(run.info, frames["cases"]))


REPORTS = {
    "run": Report(
        kind="run",
        columns=TABLES,
        frames=all_frames,
        text=lambda run: render_cases(run.result.cases),
        figures=_list_figures,
        page=render_run_page,
    )
}
