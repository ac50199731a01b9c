"""Model pairs beside the paper: accuracy over latency here and there, and the ratio of each pair."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from reports.drawing import style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PAPER: dict[str, Any] = {"color": "black", "marker": "*", "markersize": 9, "markerfacecolor": "white"}
_COLS = 2
_PANEL_IN = (3.7, 2.8)
_TIMES = ("latency_s", "latency_low_s", "latency_high_s")
_PRINTED = ("printed_s", "printed_s", "printed_s")


def plot_paper_latency(pairs: pd.DataFrame, accuracies: pd.DataFrame, conditions: str) -> Figure | None:
    """Per device: accuracy over latency for each backend and as printed, and the ratios; fp32 and contiguous alone.

    Args:
        pairs: As from `frame_of(run, "model_pairs")`.
        accuracies: As from `frame_of(run, "accuracies")`.
        conditions: The footnote.
    """
    plain = (pairs["precision"] == "fp32") & (pairs["memory_format"] == "contiguous")
    compared = pairs[plain & pairs["ratio"].notna() & pairs["paper_ratio"].notna()]
    compared = compared.assign(scenario="latency")
    if compared.empty:
        return None
    devices = [rows for _, rows in compared.groupby("device", sort=True)]
    keys = [key for key, _ in style.series(compared.assign(device="cpu"))]
    families = list(dict.fromkeys(style.family_of(name) for name in (*compared["model"], *compared["other"])))
    handles = [*_family_handles(families), *_ratio_handles(keys)]
    heights = [math.ceil((rows["backend"].nunique() + 2) / _COLS) for rows in devices]
    figure, axes = style.new_figure(sum(heights), _COLS, panel_in=_PANEL_IN, entries=len(handles))
    for number, rows in enumerate(devices):
        first, last = _COLS * sum(heights[:number]), _COLS * sum(heights[: number + 1])
        used = _plot_device(axes[first:last], rows, families, accuracies)
        style.hide_rest(axes[first:last], used)
    return style.finish(
        figure, f"Accuracy and the paper's latencies are printed, not measured here. {conditions}", handles
    )


def _plot_device(axes: Sequence[Axes], rows: pd.DataFrame, families: Sequence[str], accuracies: pd.DataFrame) -> int:
    """The panels of one device; how many there are."""
    points = _points(rows, accuracies)
    batch, where = rows["batch"].iloc[0], str(rows["paper_condition"].iloc[0])
    on = f"batch {batch}" if rows["device"].iloc[0] == "cpu" else f"batch {batch}, GPU"
    backends = style.series(points)
    for panel, (key, part) in zip(axes, backends, strict=False):
        _accuracy_panel(panel, part, _TIMES, families)
        panel.set_title(f"{key[0]}, {on}, measured here", fontsize=9)
    used = len(backends)
    if used:
        _accuracy_panel(axes[used], points.drop_duplicates("name"), _PRINTED, families)
        axes[used].set_title(f"paper: {where}", fontsize=9)
        used += 1
    for panel in axes[:used]:
        panel.set_ylim(points["top1_percent"].min() - 0.8, points["top1_percent"].max() + 0.8)
    _ratio_panel(axes[used], rows.assign(device="cpu"))  # the title says the device, the look need not
    axes[used].set_title(f"ratio, {on}: above 1 the other is slower", fontsize=9)
    return used + 1


def _points(rows: pd.DataFrame, accuracies: pd.DataFrame) -> pd.DataFrame:
    """Each network once per backend: ``name, family, top1_percent``, its latency and the printed one."""
    parts = []
    for who in ("model", "other"):
        names = {who: "name", f"{who}_resolution": "resolution", f"paper_{who}_latency_s": "printed_s"}
        names |= {f"{who}_{name}": name for name in _TIMES}
        parts.append(rows.rename(columns=names)[[*names.values(), *style.SERIES]])
    points = pd.concat(parts).drop_duplicates(["name", *style.SERIES])
    known = accuracies.rename(columns={"model": "name"})[["name", "resolution", "top1_percent"]]
    points = points.merge(known.dropna(subset="top1_percent"), on=["name", "resolution"])
    return points.assign(family=points["name"].map(style.family_of))


def _accuracy_panel(panel: Axes, points: pd.DataFrame, times: tuple[str, str, str], families: Sequence[str]) -> None:
    """One line per family; names stand left of the points for the faster family, and right for the others."""
    quickest = points.groupby("family")[times[0]].median().idxmin()
    for family, part in points.groupby("family", sort=False):
        ordered = part.sort_values("top1_percent")
        bars = style.bar_lengths(ordered, times, 1e3)
        look = style.family_style(families, str(family))
        panel.errorbar(ordered[times[0]] * 1e3, ordered["top1_percent"], xerr=bars, capsize=2, **look)
        beside = style.name_beside(before=family == quickest)
        for name, time_s, accuracy in zip(ordered["name"], ordered[times[0]], ordered["top1_percent"], strict=True):
            short = name.removeprefix(f"{family}_")
            panel.annotate(short, (time_s * 1e3, accuracy), **beside)
    low, high = style.span(points, times, 1e3)
    style.plain_log(panel.xaxis, low, high)
    panel.set_xlim(low / 1.2, high * 1.2)
    panel.set_xlabel("latency [ms]", fontsize=8)
    panel.set_ylabel("top-1 [%], published", fontsize=8)


def _ratio_panel(panel: Axes, rows: pd.DataFrame) -> None:
    """A row per pair: each backend, and the paper below them."""
    pairs = list(dict.fromkeys(zip(rows["other"], rows["model"], strict=True)))
    backends = style.series(rows)
    offsets = np.linspace(-0.27, 0.27, len(backends) + 1)
    names, printed = ("ratio", "ratio_low", "ratio_high"), ("paper_ratio", "paper_ratio_low", "paper_ratio_high")
    panel.axvline(1, color="#333333", linewidth=1)
    for offset, (key, part) in zip(offsets, backends, strict=False):
        y = [pairs.index(pair) + offset for pair in zip(part["other"], part["model"], strict=True)]
        look = style.style_of(key) | {"linestyle": "none"}
        panel.errorbar(part["ratio"], y, xerr=style.bar_lengths(part, names, 1), capsize=2, **look)
    once = rows.drop_duplicates(["other", "model"])
    y = [pairs.index(pair) + offsets[-1] for pair in zip(once["other"], once["model"], strict=True)]
    panel.errorbar(
        once["paper_ratio"], y, xerr=style.bar_lengths(once, printed, 1), capsize=2, linestyle="none", **_PAPER
    )
    panel.set_yticks(range(len(pairs)), [f"{other}\n/ {model}" for other, model in pairs])
    panel.tick_params(axis="y", labelsize=7)
    panel.set_ylim(len(pairs) - 0.5, -0.5)
    panel.grid(visible=False, axis="y")
    for place in range(1, len(pairs)):
        panel.axhline(place - 0.5, color="#e4e4e4", linewidth=0.6)
    spans = style.span(rows, names, 1), style.span(once, printed, 1)
    low, high = min(1.0, *(least for least, _ in spans)), max(1.0, *(most for _, most in spans))
    style.plain_log(panel.xaxis, low, high)
    panel.set_xlim(low / 1.06, high * 1.06)
    panel.set_xlabel("latency of the other model over that of the model", fontsize=8)


def _family_handles(families: Sequence[str]) -> list[Line2D]:
    return [Line2D([], [], label=family, **style.family_style(families, family)) for family in families]


def _ratio_handles(keys: Sequence[tuple[str, ...]]) -> list[Line2D]:
    marks = [Line2D([], [], label=style.label_of(key), **(style.style_of(key) | {"linestyle": "none"})) for key in keys]
    return [*marks, Line2D([], [], label="paper", linestyle="none", **_PAPER)]
