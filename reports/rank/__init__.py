"""Reports of the rank studies: a study's document in; tables, text for a terminal, figures and a page out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reports.rank.console import render_rank
    from reports.rank.frames import rank_frames
    from reports.rank.write import write_rank_report

__all__ = ["rank_frames", "render_rank", "write_rank_report"]

#: On first use only: what writes a report imports figures and page, and these import the tables of this package.
_HOMES = {
    "rank_frames": "reports.rank.frames",
    "render_rank": "reports.rank.console",
    "write_rank_report": "reports.rank.write",
}


def __getattr__(name: str) -> Any:
    """The public name `name`, imported on first use."""
    import importlib  # noqa: PLC0415 - only needed on the lazy path

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
