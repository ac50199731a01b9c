"""Reports of the rank studies: a study's document in; tables, text for a terminal, figures and a page out."""

from __future__ import annotations

from reports.rank.console import render_rank
from reports.rank.frames import rank_frames
from reports.rank.write import write_rank_report

__all__ = ["rank_frames", "render_rank", "write_rank_report"]
