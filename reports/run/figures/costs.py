"""What a model costs against the time it takes, and where in the network the cost lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Patch

from bench.records.case import LATENCY
from reports.drawing import style
from reports.drawing.names import name_models, name_points

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_PANELS = 4
#: Up to here the names of models fit over a narrow panel.
_FEW_MODELS = 4
#: Beyond so many, names stand beside the points of a broad panel, and no line joins them.
_MANY_MODELS = 14
_BROAD_IN = (7.4, 4.4)
#: Share of a panel's width that a slanting name along its top takes.
_NAME_WIDTH = 0.04
_LAYER_PANELS = ("macs", "params"), ("multiply-adds", "parameters"), ("MMACs", "thousands")
_FACTORS = {"MMACs": 1e6, "thousands": 1e3}
_MOST_KINDS = len(style.PARTS) - 1


def plot_macs_latency(cases: pd.DataFrame, costs: pd.DataFrame, conditions: str) -> Figure | None:
    """Latency against multiply-adds over the models, one panel per batch size; None below two models."""
    compared = _with_costs(cases, costs)
    if compared["model"].nunique() + compared["resolution"].nunique() <= 2:  # noqa: PLR2004 - one model at one resolution
        return None
    batches = sorted(compared["batch"].unique())[:_MOST_PANELS]
    keys = [key for key, _ in style.series(compared)]
    models = compared["model"].nunique()
    many = models > _MANY_MODELS
    panel_in = _BROAD_IN if many else (3.0, 2.8) if models <= _FEW_MODELS else (4.4, 3.4)
    grid = style.grid_for(len(batches), most=1 if many else 2)
    figure, axes = style.new_figure(*grid, panel_in=panel_in, entries=len(keys))
    for panel, batch in zip(axes, batches, strict=False):
        part = compared[compared["batch"] == batch]
        for key, line in style.series(part):
            ordered = line.sort_values("macs")
            look = style.style_of(key) | ({"linestyle": "none", "markersize": 4} if many else {})
            panel.plot(ordered["macs"] / 1e9, ordered["latency_s"] * 1e3, **look)
        _log_both(panel, part["macs"] / 1e9, part["latency_s"] * 1e3)
        if not many:
            _name_columns(panel, part)
        panel.text(0.97, 0.04, f"batch {batch}", transform=panel.transAxes, fontsize=9, ha="right")
        panel.set_xlabel("multiply-adds per image [GMACs]", fontsize=8)
        panel.set_ylabel("latency [ms]", fontsize=8)
    style.hide_rest(axes, len(batches))
    style.finish(figure, conditions, style.legend_handles(keys))
    if many:
        figure.draw_without_rendering()
        for panel, batch in zip(axes, batches, strict=False):
            _name_slowest(panel, compared[compared["batch"] == batch])
    return figure


def _name_slowest(panel: Axes, part: pd.DataFrame) -> None:
    """Each model's name beside its slowest point."""
    slowest = part.loc[part.groupby(["model", "resolution"])["latency_s"].idxmax()]
    name_points(panel, zip(slowest["macs"] / 1e9, slowest["latency_s"] * 1e3, name_models(slowest), strict=True))


def plot_layers(layers: pd.DataFrame, conditions: str) -> Figure | None:
    """Multiply-adds and parameters of each layer along the depth, coloured by kind; at most four models."""
    every = list(layers.groupby(["model", "resolution"], sort=False))
    if not every:
        return None
    # The first, the last, and some between, so that a family's range is seen.
    models = [every[place] for place in sorted({round(x) for x in np.linspace(0, len(every) - 1, _MOST_PANELS)})]
    kinds = list(layers.groupby("kind")["macs"].sum().sort_values(ascending=False).index)
    colours = dict(zip(kinds[:_MOST_KINDS], style.PARTS[1:], strict=False))
    figure, axes = style.new_figure(len(models), 2, panel_in=(3.0, 2.0), entries=min(len(kinds), len(style.PARTS)))
    for number, ((model, resolution), part) in enumerate(models):
        bars = [colours.get(kind, style.PARTS[0]) for kind in part["kind"]]
        for panel, column, name, unit in zip(axes[2 * number :], *_LAYER_PANELS, strict=False):
            panel.bar(part["index"], part[column] / _FACTORS[unit], color=bars, width=1.0)
            panel.set_title(f"{model}, {resolution} px: {name}", fontsize=9)
            panel.set_ylabel(f"{name} [{unit}]", fontsize=8)
            panel.set_xlabel("layer, input to output", fontsize=8)
            panel.grid(visible=False, axis="x")
    handles = [Patch(color=colour, label=str(kind)) for kind, colour in colours.items()]
    rest = [Patch(color=style.PARTS[0], label="other")] if len(kinds) > _MOST_KINDS else []
    return style.finish(figure, conditions, [*handles, *rest])


def _with_costs(cases: pd.DataFrame, costs: pd.DataFrame) -> pd.DataFrame:
    """Compared latencies with the multiply-adds of their model."""
    compared = cases[(cases["status"] == "ok") & (cases["scenario"] == LATENCY) & cases["latency_s"].notna()]
    return compared.merge(costs[["model", "resolution", "macs"]], on=["model", "resolution"], how="inner")


def _log_both(panel: Axes, x: pd.Series[float], y: pd.Series[float]) -> None:
    style.plain_log(panel.xaxis, x.min(), x.max())
    style.plain_log(panel.yaxis, y.min(), y.max())
    panel.margins(x=0.15)


def _name_columns(panel: Axes, part: pd.DataFrame) -> None:
    """Write each model's name once, along the top, over its own multiply-adds or as near as other names let it."""
    low, high = np.log(panel.get_xlim())
    free = 0.0
    named = part.drop_duplicates(["model", "resolution"]).sort_values("macs")
    for text, macs in zip(name_models(named), named["macs"] / 1e9, strict=True):
        panel.axvline(macs, color="#d0d0d0", linewidth=0.8, zorder=0)
        place = max(free, (np.log(macs) - low) / (high - low))
        free = place + _NAME_WIDTH
        looks: dict[str, Any] = {"rotation": 65, "fontsize": 6.5, "color": "#555555", "ha": "left", "va": "bottom"}
        panel.text(place, 1.01, text, transform=panel.transAxes, **looks)
