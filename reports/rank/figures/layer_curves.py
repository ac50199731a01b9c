"""Curves of the layer study: rank over dimension ratio beside the paper's points, at other tolerances, and paired."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from reports.drawing import style
from reports.rank.figures import styles
from reports.rank.names import name_block, order_blocks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Ratios at which differences are shown.
_PAIRED_RATIOS = (0.1, 0.2, 0.5)
_BLOCK = "conv1x1"
_MOST_TOLERANCES = 7
#: From here upwards curves are too near to one another on an axis from 0 to 1.
_ZOOMED = 0.5


def plot_figure1(cells: pd.DataFrame, bounds: pd.DataFrame, paper: pd.DataFrame, conditions: str) -> Figure | None:
    """Rank ratio over dimension ratio, one panel per block, one line per activation with its 95 % band.

    Args:
        cells: Of one protocol and one metric.
        bounds: Of the protocol.
        paper: The overlay of the protocol; it may be empty.
        conditions: The footnote.
    """
    if cells["mean"].notna().sum() == 0:
        return None
    blocks, names = order_blocks(cells["block"]), styles.order_activations(cells["activation"])
    extra = [
        Line2D([], [], color="#555555", marker="o", markerfacecolor="none", linestyle="none", label="paper, digitised"),
        Line2D([], [], color="#111111", linestyle=":", linewidth=1.4, label="bound"),
        Patch(color="#bbbbbb", label="95 % interval"),
    ]
    handles = [*styles.entries({name: styles.activation_look(name) for name in names}), *extra]
    figure, axes = style.new_figure(*style.grid_for(len(blocks), most=2), panel_in=(4.5, 3.7), entries=len(handles))
    for panel, block in zip(axes, blocks, strict=False):
        for name in names:
            part = cells[(cells["block"] == block) & (cells["activation"] == name)].sort_values("dimension_ratio")
            _curve(panel, part, styles.activation_look(name))
            _points(panel, paper[(paper["block"] == block) & (paper["activation"] == name)], name)
        limit = bounds[bounds["block"] == block].sort_values("dimension_ratio")
        panel.plot(limit["dimension_ratio"], limit["bound"], color="#111111", linestyle=":", linewidth=1.2, zorder=4)
        _zoom(panel, cells[cells["block"] == block], names)
        _ratio_axes(panel, name_block(block))
        panel.set_ylabel("mean, as a share of d_out", fontsize=styles.SMALL)
    style.hide_rest(axes, len(blocks))
    return style.finish(figure, conditions, handles)


def _curve(panel: Axes, part: pd.DataFrame, look: dict[str, Any]) -> None:
    x = part["dimension_ratio"].to_numpy(dtype=float)
    low, high = part["low"].to_numpy(dtype=float), part["high"].to_numpy(dtype=float)
    panel.fill_between(x, low, high, color=look["color"], alpha=0.13, linewidth=0)
    panel.plot(x, part["mean"], **look)


def _points(panel: Axes, paper: pd.DataFrame, name: str) -> None:
    look = styles.activation_look(name) | {"linestyle": "none", "markersize": 7, "markeredgewidth": 0.9}
    panel.plot(paper["dimension_ratio"], paper["paper"], markerfacecolor="none", zorder=3, **look)


def _zoom(panel: Axes, cells: pd.DataFrame, names: list[str]) -> None:
    """Where all non-linear curves lie near the top, show that part again in the corner that they leave free."""
    curved = cells[cells["activation"] != "Linear"]
    lowest = float(curved["low"].fillna(curved["mean"]).min()) if len(curved) else 0.0
    if lowest < _ZOOMED:
        return
    inset = panel.inset_axes((0.5, 0.09, 0.49, 0.34))
    for name in names:
        part = curved[curved["activation"] == name].sort_values("dimension_ratio")
        _curve(inset, part, styles.activation_look(name) | {"markersize": 2.5, "linewidth": 1})
    inset.set(xlim=(0, 1.03), ylim=(lowest - 0.1 * (1.001 - lowest), 1 + 0.06 * (1.001 - lowest)))
    inset.tick_params(labelsize=6)
    inset.grid(color="#ececec", linewidth=0.5)


def _ratio_axes(panel: Axes, title: str) -> None:
    panel.set(xlim=(0, 1.03), ylim=(0, 1.04))
    panel.set_xticks(np.arange(0, 1.01, 0.2))
    panel.set_title(title, fontsize=9)
    panel.set_xlabel("dimension ratio d_in / d_out", fontsize=styles.SMALL)


def plot_tolerances(cells: pd.DataFrame, conditions: str) -> Figure | None:
    """The rank of a 1x1 convolution at every tolerance (columns) and centring (rows).

    Args:
        cells: Of one protocol.
        conditions: The footnote.
    """
    ranks = cells[(cells["metric"] == "rank") & (cells["block"] == _BLOCK) & cells["mean"].notna()]
    tolerances = styles.spread_out(styles.order_tolerances(ranks["tolerance"]), _MOST_TOLERANCES)
    centrings = sorted(set(ranks["centring"]), reverse=True)
    if len(tolerances) * len(centrings) < 2:  # noqa: PLR2004 - one panel is the figure before
        return None
    names = styles.order_activations(ranks["activation"])
    figure, axes = style.new_figure(len(centrings), len(tolerances), panel_in=(1.75, 2.1), entries=len(names))
    places = [(centring, tolerance) for centring in centrings for tolerance in tolerances]
    for panel, (centring, tolerance) in zip(axes, places, strict=True):
        part = ranks[(ranks["centring"] == centring) & (ranks["tolerance"] == tolerance)]
        for name in names:
            look = styles.activation_look(name) | {"markersize": 3, "linewidth": 1}
            _curve(panel, part[part["activation"] == name].sort_values("dimension_ratio"), look)
        first, last = tolerance == tolerances[0], centring == centrings[-1]
        panel.set(xlim=(0, 1.03), ylim=(0, 1.04), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
        panel.tick_params(labelleft=first, labelbottom=last, labelsize=7)
        panel.set_title(styles.name_tolerance(tolerance) if centring == centrings[0] else "", fontsize=styles.SMALL)
        panel.set_ylabel(f"{centring}\nrank, share" if first else "", fontsize=styles.SMALL)
        panel.set_xlabel("dimension ratio" if last else "", fontsize=styles.SMALL)
    return style.finish(figure, conditions, styles.entries({name: styles.activation_look(name) for name in names}))


def plot_differences(cells: pd.DataFrame, reference: str, conditions: str) -> Figure | None:
    """Differences to the reference activation, paired by network, at three ratios; one panel per block.

    Args:
        cells: Of one protocol and one metric.
        reference: Name of the activation.
        conditions: The footnote.
    """
    known = cells[(cells["activation"] != reference) & (cells["activation"] != "Linear") & cells["difference"].notna()]
    ratios = [ratio for ratio in _PAIRED_RATIOS if styles.same(known["dimension_ratio"], ratio).any()]
    if not ratios:
        return None
    blocks, names = order_blocks(known["block"]), styles.order_activations(known["activation"])
    series = styles.series_looks(f"ratio {ratio:g}" for ratio in ratios)
    height = 0.8 + 0.12 * len(ratios) * len(names)
    figure, axes = style.new_figure(
        *style.grid_for(len(blocks), most=2), panel_in=(4.2, max(1.5, height)), entries=len(ratios)
    )
    offsets = np.linspace(-0.26, 0.26, len(ratios)) if len(ratios) > 1 else np.zeros(1)
    for panel, block in zip(axes, blocks, strict=False):
        panel.axvline(0, color="#333333", linewidth=1)
        for ratio, offset in zip(ratios, offsets, strict=True):
            part = known[(known["block"] == block) & styles.same(known["dimension_ratio"], ratio)]
            bars = styles.whiskers(part["difference"], part["difference_low"], part["difference_high"])
            y = [names.index(name) + offset for name in part["activation"]]
            look = series[f"ratio {ratio:g}"] | {"linestyle": "none"}
            panel.errorbar(part["difference"], y, xerr=bars, capsize=2, elinewidth=1, **look)
        panel.set_yticks(range(len(names)), names)
        panel.set_ylim(len(names) - 0.5, -0.5)
        panel.set_title(name_block(block), fontsize=9)
        panel.set_xlabel(f"difference to {reference}, share of d_out", fontsize=styles.SMALL)
    style.hide_rest(axes, len(blocks))
    return style.finish(figure, conditions, styles.entries(series))


def plot_distances(distances: pd.DataFrame, conditions: str) -> Figure | None:
    """Mean absolute distance from the paper's figure by panel, one marker per protocol.

    Args:
        distances: Of all protocols.
        conditions: The footnote.
    """
    known = distances[distances["mean_absolute_distance"].notna()]
    if known.empty:
        return None
    blocks = [*order_blocks(set(known["block"]) - {"all"}), *({"all"} & set(known["block"]))]
    series = styles.series_looks(known["protocol"])
    height = 0.7 + 0.3 * len(blocks)
    figure, axes = style.new_figure(1, 1, panel_in=(5.8, max(1.6, height)), entries=len(series))
    panel = axes[0]
    offsets = np.linspace(-0.16, 0.16, len(series)) if len(series) > 1 else np.zeros(1)
    for (protocol, look), offset in zip(series.items(), offsets, strict=True):
        part = known[known["protocol"] == protocol]
        y = [blocks.index(block) + offset for block in part["block"]]
        panel.plot(part["mean_absolute_distance"], y, **(look | {"linestyle": "none", "markersize": 7}))
    names = ["mean over panels" if block == "all" else name_block(block) for block in blocks]
    panel.set_yticks(range(len(blocks)), names)
    panel.set_ylim(len(blocks) - 0.5, -0.5)
    panel.set_xlim(0, None)
    panel.margins(x=0.08)
    panel.set_xlabel("mean |ours - paper|, as a share of d_out", fontsize=styles.SMALL)
    return style.finish(figure, conditions, styles.entries(series))
