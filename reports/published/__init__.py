"""The report of published numbers: the plain document in; tables, text for a terminal, figures and a page out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from reports.published.frames import published_frames
    from reports.published.text import render_published
    from reports.published.write import write_published_report

__all__ = ["published_frames", "render_published", "write_published_report"]

# On first use only: what writes a report imports figures and page, and these import the tables of this package.
__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={"text": ["render_published"], "frames": ["published_frames"], "write": ["write_published_report"]},
)
