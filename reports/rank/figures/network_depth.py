"""Ranks along the depth of a network: at every tap, aligned between models, block by block, and layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from reports.drawing import style
from reports.rank.figures import styles

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_MODELS = 4
_HATCH = "/////"
_MEASURES = {"rank": "rank", "effective_rank": "effective rank, centred", "k99": "k99, centred"}
#: Points whose features leave a block, the last that a block has.
_OUT_POINTS = ("out", "add", "project")
#: Columns of the block table, their names and the channels they can reach at most.
_STEPS = {
    "rank_in": ("in", "c_in"),
    "rank_expand": ("expand", "c_mid"),
    "rank_act": ("act", "c_mid"),
    "rank_depthwise": ("depthwise", "c_mid"),
    "rank_act2": ("act2", "c_mid"),
    "rank_project": ("project", "c_out"),
    "rank_out": ("out", "c_out"),
}
_TAPS_OF_STEP = {"in": ("input",), "out": ("out", "add", "project")}
_SHADE, _ALPHA = "#f0e442", {"few_rows": 0.25, "sample_limited": 0.6}
_STEP_POINTS = {"in": "input"}
_SHARES = {"macs_share": "multiply-adds", "time_share": "time", "rank_share": "rank"}
_SHARE_COLOURS = {"macs_share": "#0072b2", "time_share": "#d55e00", "rank_share": "#009e73"}


def plot_profile(taps: pd.DataFrame, conditions: str) -> Figure | None:
    """Rank, effective rank and k99 of every tap against depth, one row per model; channels as a line above.

    Args:
        taps: Of all models.
        conditions: The footnote.
    """
    taps = taps[taps["depth"].notna()]
    models = styles.spread_out(list(dict.fromkeys(taps[taps["rank"].notna()]["model"])), _MOST_MODELS)
    if not models:
        return None
    points = styles.order_points(taps[taps["model"].isin(models)]["point"])
    series = {point or "other": styles.point_look(point) for point in points}
    extra: list[Any] = [Line2D([], [], color="#9a9a9a", linewidth=1.2, drawstyle="steps-mid", label="channels")]
    shades = {"few_rows": "below 4 rows per channel", "sample_limited": "no more rows than channels"}
    extra += [Patch(color=_SHADE, alpha=_ALPHA[name], label=text) for name, text in shades.items() if taps[name].any()]
    handles = [*styles.entries(series), *extra]
    figure, axes = style.new_figure(len(models), len(_MEASURES), panel_in=(3.1, 2.5), entries=len(handles))
    places = [(model, measure) for model in models for measure in _MEASURES]
    for panel, (model, measure) in zip(axes, places, strict=True):
        part = taps[taps["model"] == model].sort_values("depth", kind="stable")
        _shade_limited(panel, part)
        panel.step(part["depth"], part["channels"].astype(float), where="mid", color="#9a9a9a", linewidth=1)
        for point in points:
            own = part[part["point"] == point]
            panel.plot(own["depth"], own[measure], **styles.point_look(point))
        _log_counts(panel, part, measure)
        panel.set_title(f"{model}: {_MEASURES[measure]}", fontsize=9)
        panel.set_xlabel("relative depth" if model == models[-1] else "", fontsize=styles.SMALL)
        panel.set_ylabel("directions" if measure == "rank" else "", fontsize=styles.SMALL)
    return style.finish(figure, conditions, handles)


def _shade_limited(panel: Axes, part: pd.DataFrame) -> None:
    """Shade the depths whose taps have too few rows, half way to their neighbours."""
    depth = part["depth"].to_numpy(dtype=float)
    edges = np.concatenate([depth[:1], (depth[1:] + depth[:-1]) / 2, depth[-1:]])
    for left, right, few, limited in zip(edges[:-1], edges[1:], part["few_rows"], part["sample_limited"], strict=True):
        if few:
            alpha = _ALPHA["sample_limited" if limited else "few_rows"]
            panel.axvspan(left, right, color=_SHADE, alpha=alpha, linewidth=0, zorder=0)


def _log_counts(panel: Axes, part: pd.DataFrame, measure: str) -> None:
    values = np.concatenate([part[measure].to_numpy(dtype=float), part["channels"].to_numpy(dtype=float)])
    seen = values[np.isfinite(values) & (values > 0)]
    if len(seen):
        style.plain_log(panel.yaxis, seen.min() / 1.2, seen.max() * 1.2)
        panel.set_ylim(seen.min() / 1.3, seen.max() * 1.3)


def plot_aligned(taps: pd.DataFrame, conditions: str) -> Figure | None:
    """Rank, effective rank and k99 of what leaves each block, as a share of its channels, models over one another.

    Args:
        taps: Of all models.
        conditions: The footnote.
    """
    known = leaving_taps(taps[taps["depth"].notna()])
    if known["model"].nunique() < 2:  # noqa: PLR2004 - one model is the figure before
        return None
    series = styles.series_looks(known["model"])
    figure, axes = style.new_figure(1, len(_MEASURES), panel_in=(3.1, 2.7), entries=len(series))
    for panel, measure in zip(axes, _MEASURES, strict=True):
        for model, look in series.items():
            part = known[known["model"] == model].sort_values("depth", kind="stable")
            panel.plot(part["depth"], part[f"{measure}_per_channel"], **look)
            few = part[part["few_rows"]]
            hollow = look | {"linestyle": "none", "markerfacecolor": "white"}
            panel.plot(few["depth"], few[f"{measure}_per_channel"], **hollow)
        panel.set(xlim=(-0.02, 1.02), ylim=(0, 1.05))
        panel.set_title(f"{_MEASURES[measure]}", fontsize=9)
        panel.set_xlabel("relative depth", fontsize=styles.SMALL)
    axes[0].set_ylabel("share of the channels", fontsize=styles.SMALL)
    return style.finish(figure, conditions, styles.entries(series))


def leaving_taps(taps: pd.DataFrame) -> pd.DataFrame:
    """The last point of each block; of networks without such blocks, every tap."""
    known = taps[taps["point"].isin(_OUT_POINTS) & taps["rank"].notna()]
    if known.empty:
        return taps[taps["rank"].notna()]
    order = {point: place for place, point in enumerate(_OUT_POINTS)}
    ranked = known.assign(order=known["point"].map(order)).sort_values("order", kind="stable")
    return ranked.drop_duplicates(["model", "block"]).drop(columns="order").sort_index()


def plot_blocks(blocks: pd.DataFrame, taps: pd.DataFrame, conditions: str) -> Figure | None:
    """Rank at every step through each block as bars within their channels, with the algebraic bound of the output.

    Args:
        blocks: Of all models.
        taps: Of all models; they say which ranks are capped by their rows.
        conditions: The footnote.
    """
    known = blocks[blocks[list(_STEPS)].notna().any(axis=1)] if len(blocks) else blocks
    models = styles.spread_out(list(dict.fromkeys(known["model"])), _MOST_MODELS)
    if not models:
        return None
    most = max(int((known["model"] == model).sum()) for model in models)
    steps = {column: step for column, step in _STEPS.items() if known[column].notna().any()}
    handles: list[Any] = [Patch(color=_step_colour(name), label=name) for name, _ in steps.values()]
    handles += [
        Patch(facecolor="none", edgecolor="#777777", label="channels"),
        *([Patch(facecolor="#dddddd", hatch=_HATCH, label="capped by rows")] if taps["sample_limited"].any() else []),
        Line2D([], [], color="#111111", linewidth=2, label="bound of the output"),
    ]
    width = min(14.0, max(5.6, 1.0 + 0.62 * most))
    figure, axes = style.new_figure(len(models), 1, panel_in=(width, 2.7), entries=len(handles))
    for panel, model in zip(axes, models, strict=True):
        part = known[known["model"] == model].reset_index(drop=True)
        own = taps[(taps["model"] == model) & taps["sample_limited"]]
        _step_bars(panel, part, steps, set(zip(own["block"], own["point"], strict=True)))
        panel.set_title(model, fontsize=9)
        panel.set_ylabel("rank", fontsize=styles.SMALL)
        panel.set_xticks(range(len(part)), part["block"], rotation=35, ha="right", fontsize=7)
        panel.set_xlim(-0.6, len(part) - 0.4)
        panel.grid(visible=False, axis="x")
    return style.finish(figure, conditions, handles)


def _step_colour(name: str) -> str:
    return str(styles.point_look(_STEP_POINTS.get(name, name))["color"])


def _step_bars(
    panel: Axes, part: pd.DataFrame, steps: Mapping[str, tuple[str, str]], limited: set[tuple[str, str]]
) -> None:
    """The bars; hatched are ranks of taps (block, point) that are capped by their rows."""
    thick = 0.84 / len(steps)
    x = np.arange(len(part), dtype=float)
    for place, (column, (name, channels)) in enumerate(steps.items()):
        at = x + (place - (len(steps) - 1) / 2) * thick
        has = part[column].notna().to_numpy()
        frame = part[channels].astype(float).where(has)
        panel.bar(at, frame, thick, facecolor="none", edgecolor="#777777", linewidth=0.5)
        hatches = [
            _HATCH if limited & {(block, point) for point in _TAPS_OF_STEP.get(name, (name,))} else ""
            for block in part["block"]
        ]
        look: Any = {"color": _step_colour(name), "linewidth": 0, "hatch": hatches, "edgecolor": "white"}
        panel.bar(at, part[column].astype(float), thick * 0.86, **look)
    last = x + (len(steps) - 1) / 2 * thick
    panel.hlines(part["bound"], last - thick / 2, last + thick / 2, color="#111111", linewidth=2)


def plot_layer_shares(layers: pd.DataFrame, conditions: str) -> Figure | None:
    """Multiply-adds, time and rank of each layer as shares of their sums; bars on the time are 95 % intervals.

    Args:
        layers: Of all models.
        conditions: The footnote.
    """
    columns = [name for name in _SHARES if layers[name].notna().any()]
    models = styles.spread_out(list(dict.fromkeys(layers["model"])), _MOST_MODELS)
    if len(columns) < 2 or not models:  # noqa: PLR2004 - there is nothing to set side by side
        return None
    width = max(6.4, 9.6 if len(layers) > 40 * len(models) else 6.4)
    figure, axes = style.new_figure(len(models) * len(columns), 1, panel_in=(width, 1.35), entries=len(columns))
    places = [(model, column) for model in models for column in columns]
    for panel, (model, column) in zip(axes, places, strict=True):
        part = layers[(layers["model"] == model) & layers[column].notna()]
        bars = _time_whiskers(part) if column == "time_share" else None
        whisker = {"elinewidth": 0.7, "ecolor": "#333333"}
        x, y = part["index"].astype(float), 100 * part[column]
        panel.bar(x, y, width=0.9, yerr=bars, color=_SHARE_COLOURS[column], error_kw=whisker)
        panel.set_ylabel(f"{_SHARES[column]}\n[%]", fontsize=styles.SMALL)
        panel.set_title(model if column == columns[0] else "", fontsize=9)
        panel.set_xlabel("layer, input to output" if column == columns[-1] else "", fontsize=styles.SMALL)
        panel.tick_params(labelbottom=column == columns[-1])
        panel.set_xlim(-1, float(layers[layers["model"] == model]["index"].max()) + 1)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.grid(visible=False, axis="x")
    handles = [Patch(color=_SHARE_COLOURS[column], label=f"share of {_SHARES[column]}") for column in columns]
    return style.finish(figure, conditions, handles)


def _time_whiskers(part: pd.DataFrame) -> Any:
    return 100 * styles.whiskers(part["time_share"], part["time_share_low"], part["time_share_high"])
