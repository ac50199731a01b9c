"""The trained check: accuracy and nuclear norm step by step beside the printed ones, and whether they go together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D

from reports.drawing import layout, style
from reports.rank.figures import styles

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_OURS, _PRINTED = "#0072b2", "#d55e00"
_PANELS = {"accuracy": ("accuracy [%]", 100.0), "nuclear_norm": ("nuclear norm", 1.0)}
_GROUPS = {"table2": "the four steps of table 2", "table3a": "worst and best of table 3(a)"}
#: What is set against accuracy; the first depends on the scale of the features.
_MEASURES = {
    "nuclear_norm": "nuclear norm",
    "nuclear_over_largest": "nuclear norm / largest",
    "effective_rank": "effective rank, centred",
}
_LABEL_WIDTH = 15


def plot_steps(summary: pd.DataFrame, runs: pd.DataFrame, conditions: str) -> Figure | None:
    """Accuracy and nuclear norm of each network, one row per group; the printed ones on their own axis.

    Args:
        summary: Means with intervals.
        runs: Those that went well.
        conditions: The footnote.
    """
    known = summary[summary["accuracy"].notna()]
    groups = list(dict.fromkeys(known["group"]))
    if not groups:
        return None
    handles = [
        Line2D([], [], color=_OURS, marker="s", linestyle="none", label="mean, 95 % interval"),
        Line2D([], [], color=_OURS, marker=".", alpha=0.5, linestyle="none", label="single seed"),
        Line2D([], [], color=_PRINTED, marker="D", markerfacecolor="none", linestyle=":", label="printed, right axis"),
    ]
    figure, axes = style.new_figure(len(groups), len(_PANELS), panel_in=(4.2, 3.0), entries=len(handles))
    places = [(group, column) for group in groups for column in _PANELS]
    for panel, (group, column) in zip(axes, places, strict=True):
        part = known[known["group"] == group].reset_index(drop=True)
        label, factor = _PANELS[column]
        _ours(panel, part, runs, column, factor)
        if part[f"printed_{column}"].notna().any():
            _printed(panel, part[f"printed_{column}"] * factor)
        names = [layout.wrap(row["label"] or row["network"], _LABEL_WIDTH, 3) for row in part.to_dict("records")]
        panel.set_xticks(range(len(part)), names, fontsize=7)
        panel.set_xlim(-0.5, len(part) - 0.5)
        panel.set_ylabel(label, fontsize=styles.SMALL)
        panel.set_title(f"{_GROUPS.get(group, group)}: {label.split(' [')[0]}", fontsize=9)
        panel.grid(visible=False, axis="x")
    return style.finish(figure, conditions, handles)


def _ours(panel: Axes, part: pd.DataFrame, runs: pd.DataFrame, column: str, factor: float) -> None:
    for place, network in enumerate(part["network"]):
        own = runs[(runs["network"] == network) & runs[column].notna()]
        spread = np.linspace(-0.12, 0.12, len(own)) if len(own) > 1 else np.zeros(len(own))
        panel.plot(place + 0.22 + spread, own[column] * factor, ".", color=_OURS, alpha=0.5, markersize=5)
    bars = factor * styles.whiskers(part[column], part[f"{column}_low"], part[f"{column}_high"])
    look: dict[str, Any] = {"color": _OURS, "marker": "s", "linestyle": "none", "capsize": 3, "markersize": 6}
    panel.errorbar(np.arange(len(part)) - 0.16, part[column] * factor, yerr=bars, **look)


def _printed(panel: Axes, values: pd.Series[float]) -> None:
    other = panel.twinx()
    other.plot(range(len(values)), values, color=_PRINTED, marker="D", markerfacecolor="none", linestyle=":")
    other.margins(y=0.25)
    other.tick_params(labelsize=7, colors=_PRINTED)
    other.spines["top"].set_visible(False)
    other.spines["right"].set_color(_PRINTED)


def plot_together(runs: pd.DataFrame, conditions: str) -> Figure | None:
    """Accuracy against three measures of the final feature, one point per run, marked by network, one row per group.

    Args:
        runs: Those that went well.
        conditions: The footnote.
    """
    known = runs[runs["accuracy"].notna()]
    columns = {name: label for name, label in _MEASURES.items() if known[name].notna().any()}
    if len(known) < 3 or not columns:  # noqa: PLR2004 - two points always lie on a line
        return None
    series, groups = styles.series_looks(known["network"]), list(dict.fromkeys(known["group"]))
    figure, axes = style.new_figure(len(groups), len(columns), panel_in=(3.0, 2.7), entries=len(series))
    places = [(group, column) for group in groups for column in columns]
    for panel, (group, column) in zip(axes, places, strict=True):
        part = known[known["group"] == group]
        for network, own in part.groupby("network", sort=False):
            look = series[str(network)] | {"linestyle": "none", "markersize": 6}
            panel.plot(own[column], 100 * own["accuracy"], **look)
        panel.set_xlabel(columns[column], fontsize=styles.SMALL)
        first = column == next(iter(columns))
        panel.set_ylabel(f"{_GROUPS.get(group, group)}\naccuracy [%]" if first else "", fontsize=styles.SMALL)
    dots = {name: look | {"linestyle": "none"} for name, look in series.items()}
    return style.finish(figure, conditions, styles.entries(dots))


def plot_pairs(pairs: pd.DataFrame, summary: pd.DataFrame, conditions: str) -> Figure | None:
    """Differences paired by seed with 95 % intervals, one row per group and one column per metric.

    Args:
        pairs: Of all metrics.
        summary: Which says the group of a network.
        conditions: The footnote.
    """
    metrics = [name for name in ("accuracy", *_MEASURES) if name in set(pairs["metric"])]
    known = pairs[pairs["difference"].notna() & pairs["metric"].isin(metrics)]
    if known.empty:
        return None
    group_of = dict(zip(summary["network"], summary["group"], strict=True))
    known = known.assign(
        group=[group_of.get(name, "") for name in known["first"]],
        name=[f"{second}\nminus {first}" for first, second in known[["first", "second"]].to_numpy()],
    )
    groups = list(dict.fromkeys(known["group"]))
    most = max(part["name"].nunique() for _, part in known.groupby("group"))
    figure, axes = style.new_figure(len(groups), len(metrics), panel_in=(2.9, 0.8 + 0.36 * most), entries=1)
    places = [(group, metric) for group in groups for metric in metrics]
    for panel, (group, metric) in zip(axes, places, strict=True):
        part = known[known["group"] == group]
        names = list(dict.fromkeys(part["name"]))
        _differences(panel, part[part["metric"] == metric], names, 100 if metric == "accuracy" else 1)
        panel.tick_params(labelleft=metric == metrics[0])
        panel.set_title(_GROUPS.get(group, group) if metric == metrics[0] else "", fontsize=9)
        label = "accuracy [percentage points]" if metric == "accuracy" else _MEASURES[metric]
        panel.set_xlabel(label if group == groups[-1] else "", fontsize=styles.SMALL)
    return style.finish(figure, conditions)


def _differences(panel: Axes, part: pd.DataFrame, names: list[str], factor: float) -> None:
    bars = factor * styles.whiskers(part["difference"], part["low"], part["high"])
    y = [names.index(name) for name in part["name"]]
    panel.axvline(0, color="#333333", linewidth=1)
    panel.errorbar(factor * part["difference"], y, xerr=bars, color=_OURS, marker="s", linestyle="none", capsize=3)
    panel.set_yticks(range(len(names)), names, fontsize=7)
    panel.set_ylim(len(names) - 0.4, -0.6)
