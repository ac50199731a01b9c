"""Latencies measured here against those of timm's table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D

from analysis.published.timm_results import CPU_CONDITIONS
from analysis.statistics.estimates import format_estimate
from reports.drawing import style
from reports.drawing.names import name_models, name_points
from reports.estimate_columns import read_estimate

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL_IN = (4.6, 3.8)
_MOST_PANELS = 4
#: So many of the models that deviate most are named, outliers or not.
_MOST_NAMED = 8
_NAMES = ("latency_s", "latency_low_s", "latency_high_s")
_TYPICAL: dict[str, Any] = {"color": "#333333", "linewidth": 1}
_OUTLIER: dict[str, Any] = {"marker": "o", "color": "#b2182b", "linestyle": "none", "markersize": 5}
_INLIER: dict[str, Any] = {**_OUTLIER, "color": "#2166ac", "markersize": 4, "markerfacecolor": "white"}


def plot_published_times(frames: Mapping[str, pd.DataFrame], conditions: str) -> Figure | None:
    """A panel for each backend that has an order, with the line of the typical ratio and names of what deviates most.

    Args:
        frames: With ``published_order`` and ``published_times``.
        conditions: The footnote.
    """
    orders = frames["published_order"]
    orders = orders[orders["tau"].notna()]
    if orders.empty:
        return None
    drawn = orders.head(_MOST_PANELS)
    figure, axes = style.new_figure(*style.grid_for(len(drawn), most=2), panel_in=_PANEL_IN, entries=3)
    times = frames["published_times"]
    parts = []
    for panel, order in zip(axes, drawn.to_dict("records"), strict=False):
        part = times[(times["backend"] == order["backend"]) & (times["threads"] == order["threads"])]
        _plot_order(panel, order, part, alone=len(orders["threads"].unique()) == 1)
        parts.append(part)
    style.hide_rest(axes, len(drawn))
    more = f"{len(orders) - len(drawn)} more are in published_times.csv. " if len(orders) > len(drawn) else ""
    style.finish(figure, f"{more}Published: timm's table, {CPU_CONDITIONS}. {conditions}", _handles())
    figure.draw_without_rendering()
    for panel, part in zip(axes, parts, strict=False):
        named = part.head(_MOST_NAMED)  # the rows come with the largest deviation first
        points = zip(named["published_latency_s"] * 1e3, named["latency_s"] * 1e3, name_models(named), strict=True)
        name_points(panel, points)
    return figure


def _plot_order(panel: Axes, order: Mapping[Any, Any], part: pd.DataFrame, *, alone: bool) -> None:
    published = part["published_latency_s"] * 1e3
    ends = np.array([published.min() / 1.2, published.max() * 1.2])
    panel.plot(ends, ends * order["typical_ratio"], **_TYPICAL)
    for look, rows in ((_INLIER, part[~part["outlier"]]), (_OUTLIER, part[part["outlier"]])):
        bars = style.bar_lengths(rows, _NAMES, 1e3)
        panel.errorbar(rows["published_latency_s"] * 1e3, rows["latency_s"] * 1e3, yerr=bars, capsize=1.5, **look)
    style.plain_log(panel.xaxis, published.min(), published.max())
    style.plain_log(panel.yaxis, *style.span(part, _NAMES, 1e3))
    panel.margins(x=0.08, y=0.08)
    threads = "" if alone else f", {order['threads']} threads"
    tau = format_estimate(read_estimate(order, "tau")).removesuffix(" [no interval]")
    panel.set_title(f"{order['backend']}{threads}: Kendall's tau {tau}, {order['models']} models", fontsize=9)
    panel.set_xlabel("published latency [ms]", fontsize=8)
    panel.set_ylabel("latency here [ms]", fontsize=8)


def _handles() -> list[Line2D]:
    looks = {"typical ratio": _TYPICAL, "model": _INLIER, "outlier": _OUTLIER}
    return [Line2D([], [], label=label, **look) for label, look in looks.items()]
