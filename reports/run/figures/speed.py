"""Latency, throughput and speed-up over batch sizes. Each function takes a frame and gives back a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reports.drawing import style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARGIN = 1.4


def plot_latency(cases: pd.DataFrame, conditions: str) -> Figure | None:
    """Latency against batch size, one panel per model and resolution; bars are 95 % intervals."""
    compared = cases[(cases["status"] == "ok") & (cases["scenario"] == "latency")]
    names = ("latency_s", "latency_low_s", "latency_high_s")
    return _against_batch(compared, names, 1e3, "latency [ms]", conditions)


def plot_throughput(cases: pd.DataFrame, conditions: str) -> Figure | None:
    """Images per second, one call after the other, against batch size; one panel per model and resolution."""
    compared = cases[(cases["status"] == "ok") & (cases["scenario"] == "latency")]
    names = ("throughput_per_s", "throughput_low_per_s", "throughput_high_per_s")
    return _against_batch(compared, names, 1, "throughput [images/s]", conditions)


def plot_speedup(cases: pd.DataFrame, conditions: str) -> Figure | None:
    """Speed-up over eager, one call after the other, with 95 % intervals; the line at 1 is eager."""
    reference = cases["speedup_low"] == cases["speedup_high"]
    compared = cases[(cases["status"] == "ok") & cases["speedup"].notna() & ~reference]
    compared = compared[compared["scenario"] == "latency"]
    if compared.empty:
        return None
    panels = list(compared.groupby(["model", "resolution"], sort=True))
    keys = [key for key, _ in style.series(compared)]
    batches = sorted(compared["batch"].unique())
    height = 0.9 + max(1.2, 0.17 * len(keys) * len(batches))
    figure, axes = style.new_figure(*style.grid_for(len(panels)), panel_in=(3.0, height), entries=len(keys))
    low, high = style.span(compared, ("speedup", "speedup_low", "speedup_high"), 1)
    for panel, ((model, resolution), part) in zip(axes, panels, strict=False):
        _speedup_panel(panel, part, keys, batches)
        panel.set_xlim(min(low, 1) / 1.08, max(high, 1) * 1.08)
        style.plain_log(panel.xaxis, min(low, 1), max(high, 1))
        panel.set_title(f"{model}, {resolution} px", fontsize=9)
        panel.set_xlabel("times as fast as eager", fontsize=8)
    style.hide_rest(axes, len(panels))
    return style.finish(figure, conditions, style.legend_handles(keys))


def _speedup_panel(panel: Axes, part: pd.DataFrame, keys: list[tuple[str, ...]], batches: list[int]) -> None:
    panel.axvline(1, color="#333333", linewidth=1)
    offsets = np.linspace(-0.3, 0.3, len(keys)) if len(keys) > 1 else np.zeros(1)
    for key, rows in style.series(part):
        y = [batches.index(batch) + offsets[keys.index(key)] for batch in rows["batch"]]
        bars = style.bar_lengths(rows, ("speedup", "speedup_low", "speedup_high"), 1)
        panel.errorbar(rows["speedup"], y, xerr=bars, capsize=2, **(style.style_of(key) | {"linestyle": "none"}))
    panel.set_yticks(range(len(batches)), [f"batch {batch}" for batch in batches])
    panel.set_ylim(len(batches) - 0.5, -0.5)


def _against_batch(
    compared: pd.DataFrame, names: tuple[str, str, str], factor: float, ylabel: str, conditions: str
) -> Figure | None:
    compared = compared[compared[names[0]].notna()]
    if compared.empty:
        return None
    panels = list(compared.groupby(["model", "resolution"], sort=True))
    keys = [key for key, _ in style.series(compared)]
    figure, axes = style.new_figure(*style.grid_for(len(panels)), entries=len(keys))
    for panel, ((model, resolution), part) in zip(axes, panels, strict=False):
        low, high = part["batch"].min() / _MARGIN, part["batch"].max() * _MARGIN
        for key, line in style.series(part):
            ordered = line.sort_values("batch")
            bars = style.bar_lengths(ordered, names, factor)
            # Set a little apart, so that the bars of one batch size do not hide one another.
            shift = (high / low) ** (0.012 * (keys.index(key) - (len(keys) - 1) / 2))
            x, y = ordered["batch"] * shift, ordered[names[0]] * factor
            panel.errorbar(x, y, yerr=bars, capsize=2, **style.style_of(key))
        style.ticks_at(panel.xaxis, part["batch"])
        panel.set_xlim(low, high)
        low, high = style.span(part, names, factor)
        style.plain_log(panel.yaxis, low, high)
        panel.set_ylim(low / 1.1, high * 1.1)
        panel.set_title(f"{model}, {resolution} px", fontsize=9)
        panel.set_xlabel("batch size [images per call]", fontsize=8)
        panel.set_ylabel(ylabel, fontsize=8)
    style.hide_rest(axes, len(panels))
    return style.finish(figure, conditions, style.legend_handles(keys))
