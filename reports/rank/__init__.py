"""Reports of the rank studies: a study's document in; tables, text for a terminal, figures and a page out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from reports.rank.frames import rank_frames
    from reports.rank.text import render_rank
    from reports.rank.write import write_rank_report

__all__ = ["rank_frames", "render_rank", "write_rank_report"]

# On first use only: what writes a report imports figures and page, and these import the tables of this package.
__getattr__, __dir__, _ = lazy_loader.attach(
    __name__, submod_attrs={"text": ["render_rank"], "frames": ["rank_frames"], "write": ["write_rank_report"]}
)
