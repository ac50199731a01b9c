"""One self-contained page: everything it shows is inside it, and no request leaves it."""

from __future__ import annotations

from base64 import b64encode
from importlib import resources
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from bench.knee import RULE
from reports import columns, verdict
from reports.html import conditions, views
from reports.html.datatables import embed_library, render_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from reports.figures import Picture
    from reports.tables import RunData

__all__ = ["render_page"]


def render_page(run: RunData, frames: Mapping[str, pd.DataFrame], pictures: Sequence[Picture]) -> str:
    """The report as HTML.

    Args:
        run: What was measured.
        frames: As from `reports.tables.all_frames`.
        pictures: As from `reports.figures.plot_all`.
    """
    cases = frames["cases"]
    compared = verdict.find_fastest(run)
    return load_template("page.html.j2").render(
        format_version=columns.FORMAT_VERSION,
        info=run.info,
        style=Markup(read_part("page.css")),  # noqa: S704 - our own file
        library=Markup(embed_library()),  # noqa: S704 - the table library itself
        counts=verdict.count_statuses(run),
        measured=int((cases["samples"] > 0).sum()),
        fastest=compared,
        doubts=verdict.find_doubts(run),
        conditions=conditions.describe_conditions(run.info, cases, run.floor),
        everything=conditions.describe_everything(run.info),
        shared=views.shared_settings(cases) if len(cases) else "",
        pictures=pictures,
        tables=_tables(frames),
        knee_rule=RULE,
        data_uri=data_uri,
    )


def _tables(frames: Mapping[str, pd.DataFrame]) -> dict[str, Markup | None]:
    """The page's tables by name; None for those without rows."""
    cases = frames["cases"]
    found = {
        "cases": views.view_cases(cases),
        "rivals": views.view_rivals(frames["rivals"]),
        "knees": views.view_knees(frames["knees"]),
        "left_out": views.view_left_out(cases),
        "phases": views.view_phases(frames["phases"], cases),
        "costs": views.view_costs(frames["costs"]),
        "ledger": views.view_ledger(cases),
    }
    return {name: _table(name, frame) if len(frame) else None for name, frame in found.items()}


def _table(name: str, frame: pd.DataFrame) -> Markup:
    badges = views.badges_of(frame)
    # The table library escapes every cell.
    return Markup(render_table(name, frame, views.MEANINGS, badges=badges, never=[views.PAYS]))  # noqa: S704


def data_uri(picture: Picture) -> str:
    """The picture as an address that holds it."""
    return f"data:image/svg+xml;base64,{b64encode(picture.svg).decode('ascii')}"


def load_template(name: str) -> jinja2.Template:
    """One of our templates, which escapes whatever is put into it."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(read_part(name))


def read_part(name: str) -> str:
    """The text of a file of this folder."""
    return (resources.files(__package__ or "reports.html") / name).read_text(encoding="utf-8")
