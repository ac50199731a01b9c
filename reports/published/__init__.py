"""The report of published numbers: the plain document in; tables, text for a terminal, figures and a page out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reports.published.console import render_published
    from reports.published.frames import published_frames
    from reports.published.write import write_published_report

__all__ = ["published_frames", "render_published", "write_published_report"]

#: On first use only: what writes a report imports figures and page, and these import the tables of this package.
_HOMES = {
    "published_frames": "reports.published.frames",
    "render_published": "reports.published.console",
    "write_published_report": "reports.published.write",
}


def __getattr__(name: str) -> Any:
    """The public name `name`, imported on first use."""
    import importlib  # noqa: PLC0415 - only needed on the lazy path

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
