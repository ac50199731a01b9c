"""Singular values of a network's features: how they fall, how many pass a tolerance; the derivative's rank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D

from reports.drawing import style
from reports.rank.figures import styles

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_MODELS = 4
#: Taps beyond which a panel needs the width of a page.
_MANY = 40
#: Below this times the largest, singular values are rounding in any type that networks are computed in.
_LOWEST = 1e-9
#: Relative tolerances that are marked in staircases, each with its name in the metrics table.
_MARKED = (1e-1, 1e-2, 1e-3)
_CENTRINGS = ("uncentred", "centred")


def plot_final_spectra(spectra: pd.DataFrame, taps: pd.DataFrame, final: list[str], conditions: str) -> Figure | None:
    """Cumulative distribution of the normalised singular values (left) and the values in order (right).

    Args:
        spectra: Of the drawn taps.
        taps: Of all models; they say which have too few rows.
        final: Taps of the feature that the classifier sees, the first that a model has is shown.
        conditions: The footnote.
    """
    known = _first_taps(spectra[spectra["value_over_largest"].notna()], final)
    if known.empty:
        return None
    keys = list(dict.fromkeys(zip(known["model"], known["tap"], strict=True)))
    few = taps[taps["few_rows"]]
    doubtful = set(zip(few["model"], few["tap"], strict=True))
    names = [f"{model}, {tap}{' (too few rows)' if (model, tap) in doubtful else ''}" for model, tap in keys]
    series = dict(zip(keys, styles.series_looks(names).items(), strict=True))
    figure, axes = style.new_figure(len(_CENTRINGS), 2, panel_in=(4.2, 2.9), entries=2 * len(keys))
    for row, centring in enumerate(_CENTRINGS):
        for key, (_, look) in series.items():
            own = (known["model"] == key[0]) & (known["tap"] == key[1]) & (known["centring"] == centring)
            line = {"color": look["color"], "linestyle": look["linestyle"], "linewidth": 1.5}
            _falling(axes[2 * row], axes[2 * row + 1], known[own], line)
        axes[2 * row].set_title(f"{centring}: cumulative distribution", fontsize=9)
        axes[2 * row + 1].set_title(f"{centring}: in order", fontsize=9)
    plain = {label: look | {"marker": ""} for label, look in series.values()}
    return style.finish(figure, conditions, styles.entries(plain))


def _first_taps(spectra: pd.DataFrame, final: list[str]) -> pd.DataFrame:
    """For every model, the first final tap that the model has; without a final tap, its last tap."""
    chosen = []
    for model, part in spectra.groupby("model", sort=False):
        taps = list(dict.fromkeys(part["tap"]))
        chosen.append((model, next((tap for tap in final if tap in taps), taps[-1])))
    keys = set(chosen)
    return spectra[[key in keys for key in zip(spectra["model"], spectra["tap"], strict=True)]]


def _falling(left: Axes, right: Axes, part: pd.DataFrame, line: dict[str, Any]) -> None:
    # Zeros have no place on a logarithmic axis; the left curve starts at their portion, the right one ends.
    alive = part[part["value_over_largest"] > _LOWEST]
    left.step(alive["value_over_largest"][::-1], alive["portion_at_most_percent"][::-1], where="post", **line)
    right.plot(alive["index_per_channel"], alive["value_over_largest"], **line)
    left.set_ylim(0, 102)
    right.set_xlim(0, 1.01)
    styles.decades(left.xaxis)
    styles.decades(right.yaxis)
    left.set_xlabel("singular value over the largest", fontsize=styles.SMALL)
    left.set_ylabel("portion not larger [%]", fontsize=styles.SMALL)
    right.set_xlabel("place over channels, i / C", fontsize=styles.SMALL)
    right.set_ylabel("singular value over the largest", fontsize=styles.SMALL)


def plot_staircases(curves: pd.DataFrame, metrics: pd.DataFrame, conditions: str) -> Figure | None:
    """Share of the singular values that pass a tolerance, over the tolerance; one panel per model and centring.

    Args:
        curves: Of the drawn taps.
        metrics: From which the cuts of the rounding rules are taken.
        conditions: The footnote.
    """
    known = curves[curves["rank_per_channel"].notna() & (curves["tolerance"] >= _LOWEST)]
    models = styles.spread_out(list(dict.fromkeys(known["model"])), _MOST_MODELS)
    if not models:
        return None
    taps = list(dict.fromkeys(known[known["model"].isin(models)]["tap"]))
    series = styles.series_looks(taps)
    extra = [
        Line2D([], [], color="#777777", linestyle=":", label="0.1, 0.01, 0.001"),
        Line2D([], [], color="#111111", marker="|", markersize=9, linestyle="none", label="rounding (producer)"),
    ]
    handles = [*styles.entries({tap: look | {"marker": ""} for tap, look in series.items()}), *extra]
    figure, axes = style.new_figure(len(models), len(_CENTRINGS), panel_in=(4.2, 2.6), entries=len(handles))
    places = [(model, centring) for model in models for centring in _CENTRINGS]
    for panel, (model, centring) in zip(axes, places, strict=True):
        for tap, look in series.items():
            _staircase(panel, known, metrics, (model, tap, centring), look)
        for tolerance in _MARKED:
            panel.axvline(tolerance, color="#777777", linestyle=":", linewidth=1, zorder=0)
        styles.decades(panel.xaxis)
        panel.set(xlim=(_LOWEST, 1), ylim=(-0.02, 1.05))
        panel.set_title(f"{model}, {centring}", fontsize=9)
        panel.set_xlabel("tolerance over the largest" if model == models[-1] else "", fontsize=styles.SMALL)
        panel.set_ylabel("rank / C" if centring == _CENTRINGS[0] else "", fontsize=styles.SMALL)
    return style.finish(figure, conditions, handles)


def _staircase(
    panel: Axes, curves: pd.DataFrame, metrics: pd.DataFrame, key: tuple[str, str, str], look: dict[str, Any]
) -> None:
    model, tap, centring = key
    part = curves[(curves["model"] == model) & (curves["tap"] == tap) & (curves["centring"] == centring)]
    if part.empty:
        return
    line = {"color": look["color"], "linestyle": look["linestyle"], "linewidth": 1.4}
    panel.step(part["tolerance"], part["rank_per_channel"], where="post", **line)
    own = (metrics["model"] == model) & (metrics["tap"] == tap) & (metrics["centring"] == centring)
    cut = metrics[own & (metrics["metric"] == "rank") & (metrics["tolerance"] == "producer")]
    for at in cut["threshold_over_largest"].dropna():
        height = np.interp(np.log(at), np.log(part["tolerance"]), part["rank_per_channel"])
        panel.plot(at, height, marker="|", markersize=11, color="#111111", markeredgewidth=1.4)


def plot_jacobian(taps: pd.DataFrame, conditions: str) -> Figure | None:
    """Rank over positions and images (span) beside the rank of the derivative at one position, along the depth.

    Args:
        taps: Of all models.
        conditions: The footnote.
    """
    known = taps[taps["jacobian_rank"].notna() & taps["rank"].notna()]
    models = styles.spread_out(list(dict.fromkeys(known["model"])), _MOST_MODELS)
    if not models:
        return None
    handles = [
        Line2D([], [], color="#9a9a9a", linewidth=1.2, label="channels"),
        Line2D([], [], color="#d55e00", marker="s", linestyle="none", label="span rank"),
        Line2D([], [], color="#0072b2", marker="o", markerfacecolor="white", linestyle="none", label="Jacobian rank"),
    ]
    if known["few_rows"].any():
        hollow: Any = {"color": "#d55e00", "marker": "s", "markerfacecolor": "white", "linestyle": "none"}
        handles.append(Line2D([], [], label="span rank, too few rows", **hollow))
    most = max(int((known["model"] == model).sum()) for model in models)
    figure, axes = style.new_figure(
        len(models), 1, panel_in=(7.4 if most <= _MANY else 11.5, 2.4), entries=2 * len(handles)
    )
    for panel, model in zip(axes, models, strict=True):
        part = known[known["model"] == model].sort_values("depth", kind="stable")
        x = np.arange(len(part))
        channels = part["channels"].to_numpy(dtype=float)
        span, jacobian = part["rank"].to_numpy(dtype=float), part["jacobian_rank"].to_numpy(dtype=float)
        panel.step(x, channels, where="mid", color="#9a9a9a", linewidth=1.2)
        panel.vlines(x, np.minimum(span, jacobian), np.maximum(span, jacobian), color="#c8c8c8", linewidth=1.5)
        few = part["few_rows"].to_numpy(dtype=bool)
        for chosen, face in ((~few, "#d55e00"), (few, "white")):
            panel.plot(x[chosen], span[chosen], "s", color="#d55e00", markerfacecolor=face, markersize=5)
        panel.plot(x, jacobian, color="#0072b2", marker="o", markerfacecolor="white", linestyle="none", markersize=5)
        every = np.concatenate([channels, span, jacobian])
        low, high = float(every[every > 0].min()), float(np.nanmax(every))
        style.plain_log(panel.yaxis, low / 1.2, high * 1.2)
        panel.set_ylim(low / 1.3, high * 1.3)
        names = styles.spread_out(range(len(part)), 24)
        panel.set_xticks(names, part["tap"].iloc[names], rotation=45, ha="right", fontsize=6.5)
        panel.set_title(model, fontsize=9)
        panel.set_ylabel("rank", fontsize=styles.SMALL)
    return style.finish(figure, conditions, handles)
