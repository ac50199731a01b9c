"""One self-contained page: everything it shows is inside it, and no request leaves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from bench.statistics.knee import RULE
from reports.page.datatables import embed_library, render_table
from reports.page.templates import data_uri, load_template, read_part
from reports.run import columns, conditions, summary, tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from reports.drawing.picture import Picture
    from reports.run.data import RunData

__all__ = ["render_page"]


def render_page(run: RunData, frames: Mapping[str, pd.DataFrame], pictures: Sequence[Picture]) -> str:
    """The report as HTML.

    Args:
        run: What was measured.
        frames: As from `reports.run.frames.all_frames`.
        pictures: As from `reports.run.figures.plot_all`.
    """
    cases = frames["cases"]
    compared = summary.find_fastest(run)
    return load_template("page.html.j2", "reports.run").render(
        format_version=columns.FORMAT_VERSION,
        info=run.info,
        style=Markup(read_part("page.css")),  # noqa: S704 - our own file
        library=Markup(embed_library()),  # noqa: S704 - the table library itself
        counts=summary.count_statuses(run),
        measured=int((cases["samples"] > 0).sum()),
        fastest=compared,
        doubts=summary.find_doubts(run),
        conditions=conditions.describe_conditions(run.info, cases, run.floor),
        everything=conditions.describe_everything(run.info),
        shared=tables.shared_settings(cases) if len(cases) else "",
        pictures=pictures,
        tables=_tables(frames),
        knee_rule=RULE,
        data_uri=data_uri,
    )


def _tables(frames: Mapping[str, pd.DataFrame]) -> dict[str, Markup | None]:
    """The page's tables by name; None for those without rows."""
    cases = frames["cases"]
    found = {
        "cases": tables.view_cases(cases),
        "rivals": tables.view_rivals(frames["rivals"]),
        "knees": tables.view_knees(frames["knees"]),
        "left_out": tables.view_left_out(cases),
        "phases": tables.view_phases(frames["phases"], cases),
        "costs": tables.view_costs(frames["costs"]),
        "effective": tables.view_effective(cases),
    }
    return {name: _table(name, frame) if len(frame) else None for name, frame in found.items()}


def _table(name: str, frame: pd.DataFrame) -> Markup:
    badges = tables.badges_of(frame)
    # The table library escapes every cell.
    return Markup(render_table(name, frame, tables.MEANINGS, badges=badges, never=[tables.PAYS]))  # noqa: S704
