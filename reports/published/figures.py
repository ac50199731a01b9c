"""Figures on published numbers: what each convention counts of a model, and how far print and count lie apart."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from reports.drawing import style
from reports.drawing.figure import list_named
from reports.drawing.layout import wrap
from reports.published.styles import VERDICT_LOOKS, group_look, order_groups

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

    from reports.drawing.figure import Figure
    from reports.published.styles import VerdictLook

    Frames = Mapping[str, pd.DataFrame]

#: Networks of four kinds that people compare; others take their places where they were not explored.
_SHOWN = ("rexnet_1.0", "efficientnet_b0", "mobilenet_v2_1.0", "regnetx_3.2gf")
_MOST = 4
#: Differences are drawn on a linear scale up to this, in units of the last printed digit.
_LINEAR = 1.0
_FOOT = "Counted from the architecture, for one image; nothing here was timed."


def list_figures(frames: Frames) -> Iterator[Figure]:
    """The figures in the order of the page, not drawn yet.

    Args:
        frames: As from `reports.published.published_frames`.
    """
    totals, groups, conventions = (frames[name] for name in ("totals", "groups", "conventions"))
    return list_named(
        "published",
        {
            "published_conventions": partial(plot_conventions, totals, groups, conventions),
            "published_differences": partial(plot_differences, frames["rows"]),
        },
    )


def plot_conventions(totals: pd.DataFrame, groups: pd.DataFrame, conventions: pd.DataFrame) -> Drawing | None:
    """Stacked bars of the conventions (rows), one panel per model, in multiples of its multiply-adds.

    Args:
        totals: Of the explored models.
        groups: What the totals are made of.
        conventions: Their titles.
    """
    counted = totals[totals["ratio_to_macs"].notna()]
    models = _choose_models(list(dict.fromkeys(counted["model"])))
    names = list(dict.fromkeys(counted["convention"]))
    if not models or len(names) < 2:  # noqa: PLR2004 - one convention has nothing beside it
        return None
    counted = counted[counted["model"].isin(models)]
    parts = groups.merge(counted[["model", "convention", "total", "ratio_to_macs"]], on=["model", "convention"])
    handles = [_patch(name) for name in order_groups(parts[parts["amount"] > 0]["group"])]
    rows, cols = style.grid_for(len(models), most=2)
    figure, axes = style.new_figure(rows, cols, panel_in=(5.0, 0.75 + 0.26 * len(names)), entries=len(handles))
    titles = dict(zip(conventions["name"], conventions["title"], strict=True))
    for place, (panel, model) in enumerate(zip(axes, models, strict=False)):
        own = parts[parts["model"] == model]
        _stack(panel, own, names)
        panel.set_xlim(0, 1.16 * float(counted["ratio_to_macs"].max()))
        panel.set_title(model, fontsize=9)
        panel.set_yticks(range(len(names)), [wrap(titles.get(name, name), 34) for name in names], fontsize=7.5)
        panel.tick_params(labelleft=place % cols == 0)
        panel.set_xlabel("multiples of multiply-adds" if place >= len(models) - cols else "", fontsize=8)
    style.hide_rest(axes, len(models))
    return style.finish(figure, _FOOT, handles)


def _choose_models(models: list[str]) -> list[str]:
    """The models to show: those of `_SHOWN` that were counted, then others, `_MOST` at most."""
    return [*(name for name in _SHOWN if name in models), *(name for name in models if name not in _SHOWN)][:_MOST]


def _patch(group: str) -> Patch:
    return Patch(label=group, **_fill(group))


def _fill(group: str) -> dict[str, Any]:
    look = group_look(group)
    dark = look.colour in {"#333333", "#0072b2"}
    edge = "#ffffff" if dark else "#222222"
    return {"facecolor": look.colour, "hatch": look.hatch, "edgecolor": edge, "linewidth": 0}


def _stack(panel: Axes, parts: pd.DataFrame, names: list[str]) -> None:
    for y, name in enumerate(names):
        own = parts[parts["convention"] == name]
        if own.empty:
            continue
        ratio, left = float(own["ratio_to_macs"].iloc[0]), 0.0
        shares = dict(zip(own["group"], own["share"], strict=True))
        for group in order_groups(own["group"]):
            wide = ratio * shares[group]
            panel.barh(y, wide, left=left, height=0.72, **_fill(group))
            left += wide
        panel.text(ratio, y, f" {ratio:.3f}", va="center", fontsize=7)
    panel.axvline(1, color="#222222", linewidth=1, linestyle="--")
    panel.set_ylim(len(names) - 0.4, -0.6)
    panel.grid(visible=False, axis="y")


def plot_differences(rows: pd.DataFrame) -> Drawing | None:
    """Printed minus ours in units of the last digit for every counted row, one line per source, marked by verdict.

    Args:
        rows: The verdicts.
    """
    counted = rows[rows["difference_last_digits"].notna()]
    if counted.empty:
        return None
    sources = list(dict.fromkeys(counted["source"]))
    looks = {name: look for name, look in VERDICT_LOOKS.items() if name in set(counted["verdict"])}
    figure, axes = style.new_figure(1, 1, panel_in=(9.6, 0.7 + 0.34 * len(sources)), entries=len(looks))
    panel = axes[0]
    panel.axvspan(-1, 0, color="#f0f0f0", linewidth=0)
    panel.axvspan(-0.5, 0.5, color="#dcdcdc", linewidth=0)
    for place, (name, look) in enumerate(looks.items()):
        own = counted[counted["verdict"] == name]
        # Verdicts a little apart, so that one mark does not hide another.
        y = [sources.index(source) + 0.2 * (place - (len(looks) - 1) / 2) for source in own["source"]]
        panel.plot(own["difference_last_digits"], y, **_mark(look), alpha=0.75, markersize=5)
    panel.axvline(0, color="#222222", linewidth=0.8)
    panel.set_xscale("symlog", linthresh=_LINEAR)
    # On the new scale, so that no mark touches the frame.
    panel.margins(x=0.04)
    panel.autoscale(axis="x")
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.set_xlabel("printed minus ours [units of the last printed digit]", fontsize=8)
    panel.set_yticks(range(len(sources)), [wrap(source, 44) for source in sources], fontsize=7.5)
    panel.set_ylim(len(sources) - 0.4, -0.6)
    return style.finish(figure, _FOOT, [Line2D([], [], label=name, **_mark(look)) for name, look in looks.items()])


def _mark(look: VerdictLook) -> dict[str, Any]:
    return {"color": look.ink, "marker": look.marker, "linestyle": "none"}
