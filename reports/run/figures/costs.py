"""What a model costs against what it takes and what it reaches, and where in the network the cost lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Patch

from reports.drawing import style
from rexnet_core.errors import InputError
from rexnet_core.registry import model_info

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_PANELS = 4
#: Up to here the names of models fit over a narrow panel.
_FEW_MODELS = 4
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
    panel_in = (3.0, 2.8) if compared["model"].nunique() <= _FEW_MODELS else (4.4, 3.4)
    figure, axes = style.new_figure(*style.grid_for(len(batches), most=2), panel_in=panel_in, entries=len(keys))
    for panel, batch in zip(axes, batches, strict=False):
        part = compared[compared["batch"] == batch]
        for key, line in style.series(part):
            ordered = line.sort_values("macs")
            panel.plot(ordered["macs"] / 1e9, ordered["latency_s"] * 1e3, **style.style_of(key))
        _log_both(panel, part["macs"] / 1e9, part["latency_s"] * 1e3)
        _name_columns(panel, part)
        panel.text(0.97, 0.04, f"batch {batch}", transform=panel.transAxes, fontsize=9, ha="right")
        panel.set_xlabel("multiply-adds per image [GMACs]", fontsize=8)
        panel.set_ylabel("latency [ms]", fontsize=8)
    style.hide_rest(axes, len(batches))
    return style.finish(figure, conditions, style.legend_handles(keys))


def plot_accuracy(
    cases: pd.DataFrame, costs: pd.DataFrame, top1: Mapping[str, tuple[float, str]], conditions: str
) -> Figure | None:
    """Published top-1 accuracy against multiply-adds, and against latency at the smallest batch.

    Args:
        cases: As from `frame_of(run, "cases")`.
        costs: As from `frame_of(run, "costs")`.
        top1: Model name to top-1 accuracy on ImageNet [%] and who published it.
        conditions: The footnote; the sources are added to it.
    """
    costs = costs[costs["model"].isin(top1)]
    costs = costs[costs["resolution"] == costs["model"].map(_published_side)]
    if costs.empty:
        return None
    compared = _with_costs(cases, costs)
    compared = compared[compared["batch"] == compared["batch"].min()]
    keys = [key for key, _ in style.series(compared)]
    panel_in = (3.0, 2.8) if costs["model"].nunique() <= _FEW_MODELS else (3.8, 3.4)
    figure, axes = style.new_figure(1, 2 if keys else 1, panel_in=panel_in, entries=max(1, len(keys)))
    _accuracy_over_macs(axes[0], costs, top1)
    if keys:
        axes[1].set_ylim(axes[0].get_ylim())  # so that a point's model is read off the panel on the left
        # A line joins models of one family: between families it would only go to and fro.
        families = compared["model"].map(style.family_of)
        for key, line in (line for _, part in compared.groupby(families) for line in style.series(part)):
            ordered = line.sort_values("latency_s")
            accuracy = [top1[model][0] for model in ordered["model"]]
            axes[1].plot(ordered["latency_s"] * 1e3, accuracy, **style.style_of(key))
        latency_ms = compared["latency_s"] * 1e3
        style.plain_log(axes[1].xaxis, latency_ms.min(), latency_ms.max())
        axes[1].set_xlabel(f"latency at batch {compared['batch'].min()} [ms], measured here", fontsize=8)
        axes[1].set_ylabel("top-1 [%], published", fontsize=8)
    sources = "; ".join(sorted({top1[model][1] for model in costs["model"]}))
    return style.finish(
        figure, f"Accuracy is published, not measured here: {sources}. {conditions}", style.legend_handles(keys)
    )


def _published_side(model: str) -> int | None:
    """The input side that the published accuracy of a model belongs to; None for a model that is not known here."""
    try:
        return model_info(model).resolution
    except InputError:
        return None


def _accuracy_over_macs(panel: Axes, costs: pd.DataFrame, top1: Mapping[str, tuple[float, str]]) -> None:
    families = costs["model"].map(style.family_of)
    leanest = costs.groupby(families)["macs"].median().idxmin()
    for model, family, macs in zip(costs["model"], families, costs["macs"] / 1e9, strict=True):
        panel.plot(macs, top1[model][0], color="#5d3a9b", marker="o", markersize=6)
        panel.annotate(model, (macs, top1[model][0]), **style.name_beside(before=family == leanest))
    style.plain_log(panel.xaxis, costs["macs"].min() / 1e9, costs["macs"].max() / 1e9)
    panel.margins(x=0.42, y=0.2)
    panel.set_xlabel("multiply-adds per image [GMACs]", fontsize=8)
    panel.set_ylabel("top-1 [%], published", fontsize=8)


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
    compared = cases[(cases["status"] == "ok") & cases["latency_s"].notna()]
    return compared.merge(costs[["model", "resolution", "macs"]], on=["model", "resolution"], how="inner")


def _log_both(panel: Axes, x: pd.Series[float], y: pd.Series[float]) -> None:
    style.plain_log(panel.xaxis, x.min(), x.max())
    style.plain_log(panel.yaxis, y.min(), y.max())
    panel.margins(x=0.15)


def _name_columns(panel: Axes, part: pd.DataFrame) -> None:
    """Write each model's name once, along the top, over its own multiply-adds or as near as other names let it."""
    several = len(part["resolution"].unique()) > 1
    low, high = np.log(panel.get_xlim())
    free = 0.0
    named = part.drop_duplicates(["model", "resolution"]).sort_values("macs")
    for model, resolution, macs in zip(named["model"], named["resolution"], named["macs"] / 1e9, strict=True):
        text = f"{model}, {resolution}" if several else str(model)
        panel.axvline(macs, color="#d0d0d0", linewidth=0.8, zorder=0)
        place = max(free, (np.log(macs) - low) / (high - low))
        free = place + _NAME_WIDTH
        looks: dict[str, Any] = {"rotation": 65, "fontsize": 6.5, "color": "#555555", "ha": "left", "va": "bottom"}
        panel.text(place, 1.01, text, transform=panel.transAxes, **looks)
