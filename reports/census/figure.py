"""The figure of a census: the share of models with each status, by backend."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from reports.census import statuses
from reports.drawing import style
from reports.drawing.figure import list_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd
    from matplotlib.figure import Figure as Drawing

    from reports.drawing.figure import Figure

_FOOT = "Each model ran once on each backend; nothing here was timed."
_LEAST_SHARE = 0.03


def list_figures(frames: Mapping[str, pd.DataFrame]) -> Iterator[Figure]:
    """The figure, not drawn yet."""
    return list_named("census", {"census_statuses": partial(plot_statuses, frames["rows"])})


def plot_statuses(rows: pd.DataFrame) -> Drawing | None:
    """A bar for each backend, made of the shares of the statuses; None without rows.

    Args:
        rows: One per model and backend.
    """
    if rows.empty:
        return None
    backends = list(dict.fromkeys(rows["backend"]))
    names = statuses.order(rows["status"])
    figure, [panel] = style.new_figure(1, 1, panel_in=(6.0, 0.5 + 0.42 * len(backends)), entries=len(names))
    for y, backend in enumerate(backends):
        counts, left = rows[rows["backend"] == backend]["status"].value_counts(), 0.0
        for name in names:
            share = counts.get(name, 0) / counts.sum()
            look = statuses.look_of(name)
            panel.barh(
                y, share, left=left, height=0.7, color=look.colour, hatch=look.hatch, edgecolor="#777777", lw=0.4
            )
            if share >= _LEAST_SHARE:
                box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1}
                panel.text(left + share / 2, y, str(counts[name]), ha="center", va="center", fontsize=8, bbox=box)
            left += share
    panel.set_yticks(range(len(backends)), backends, fontsize=8)
    panel.set_ylim(len(backends) - 0.5, -0.5)
    panel.set_xlim(0, 1)
    panel.xaxis.set_major_formatter(PercentFormatter(1.0))
    panel.set_xlabel("share of models", fontsize=8)
    panel.grid(visible=False, axis="y")
    handles = [
        Patch(label=name, facecolor=look.colour, hatch=look.hatch, edgecolor="#777777")
        for name in names
        for look in [statuses.look_of(name)]
    ]
    return style.finish(figure, _FOOT, handles)
