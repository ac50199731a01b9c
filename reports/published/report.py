"""How published numbers are shown."""

from __future__ import annotations

from reports.published import figures
from reports.published.frames import SCHEMA, TABLES, published_frames
from reports.published.page import render_published_page
from reports.published.text import render_published
from reports.report import Report

REPORTS = {
    "published": Report(
        kind="published",
        columns=TABLES,
        frames=published_frames,
        text=render_published,
        schema=SCHEMA,
        figures=lambda _study, frames: figures.list_figures(frames),
        page=lambda _study, frames, pictures: render_published_page(frames, pictures),
    )
}
