"""The report of a census."""

from __future__ import annotations

from reports.census import figure
from reports.census.frames import SCHEMA, TABLES, census_frames
from reports.census.page import render_census_page
from reports.census.text import render_census
from reports.report import Report

REPORTS = {
    "census": Report(
        kind="census",
        columns=TABLES,
        frames=census_frames,
        text=render_census,
        schema=SCHEMA,
        figures=lambda _study, frames: figure.list_figures(frames),
        page=render_census_page,
    )
}
