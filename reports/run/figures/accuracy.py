"""Published accuracy against what it costs: multiply-adds, and latency measured here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D

from analysis.published.conditions import is_registered
from bench.records.case import LATENCY
from reports.drawing import style
from reports.drawing.names import name_models, name_points

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Looks = Mapping[str, Mapping[str, Any]]

#: Up to so many models the lines of all backends share a panel; beyond, each backend has a panel with names.
_MOST_TOGETHER = 8
_MOST_PANELS = 4
#: Up to here the names of models fit over a narrow panel.
_FEW_MODELS = 4
#: A panel in which thirty names find room [inches].
_BROAD_IN = (7.4, 4.4)
#: Room around the points for their names, in shares of the panel.
_MARGINS = (0.12, 0.12)
_GUEST: dict[str, Any] = {"color": "#555555", "marker": "o", "markersize": 4, "linestyle": "none"}
_GUESTS = "other models"
_KEY = ["model", "resolution"]


def plot_accuracy(cases: pd.DataFrame, costs: pd.DataFrame, accuracies: pd.DataFrame, conditions: str) -> Figure | None:
    """Published top-1 accuracy against multiply-adds, and against latency at the smallest batch.

    Args:
        cases: As from `frame_of(run, "cases")`.
        costs: As from `frame_of(run, "costs")`.
        accuracies: As from `frame_of(run, "accuracies")`; a model without one at its side is left out.
        conditions: The footnote; the sources are added to it.
    """
    known = accuracies[accuracies["top1_percent"].notna()][[*_KEY, "top1_percent", "source"]]
    known = known.rename(columns={"source": "publisher"})  # a case has a source, too: that of its model
    known = known.assign(family=known["model"].map(style.family_of))
    counted = costs[[*_KEY, "macs"]].merge(known, on=_KEY)
    compared = cases[(cases["status"] == "ok") & (cases["scenario"] == LATENCY) & cases["latency_s"].notna()].merge(
        known, on=_KEY
    )
    compared = compared[compared["batch"] == compared["batch"].min()]
    shown = {*counted["model"], *compared["model"]}
    if not shown:
        return None
    sources = "; ".join(sorted({*counted["publisher"], *compared["publisher"]}))
    foot = f"Accuracy is published, not measured here: {sources}. {conditions}"
    return (_plot_together if len(shown) <= _MOST_TOGETHER else _plot_apart)(counted, compared, foot)


def _plot_together(counted: pd.DataFrame, compared: pd.DataFrame, foot: str) -> Figure:
    """Multiply-adds on the left with names; all backends on the right."""
    backends = style.series(compared)
    keys = [key for key, _ in backends]
    named: list[tuple[Axes, pd.DataFrame]] = []
    panels = (not counted.empty) + bool(keys)
    panel_in = (3.0, 2.8) if counted["model"].nunique() <= _FEW_MODELS else (3.8, 3.4)
    figure, axes = style.new_figure(1, panels, panel_in=panel_in, entries=max(1, len(keys)))
    if not counted.empty:
        single = {family: {**_GUEST, "color": "#5d3a9b", "markersize": 6} for family in counted["family"]}
        named.append((axes[0], _plot_macs(axes[0], counted, single)))
    if keys:
        panel = axes[-1]
        if not counted.empty:
            panel.set_ylim(axes[0].get_ylim())  # so that a point's model is read off the panel on the left
        # A line joins models of one family: between families it would only go to and fro.
        for key, line in backends:
            for _, part in line.groupby("family"):
                ordered = part.sort_values("latency_s")
                panel.plot(ordered["latency_s"] * 1e3, ordered["top1_percent"], **style.style_of(key))
        _label_latency(panel, compared)
        if counted.empty:
            named.append((panel, backends[0][1].assign(x=backends[0][1]["latency_s"] * 1e3)))
    style.finish(figure, foot, style.legend_handles(keys))
    return _name_panels(figure, named)


def _plot_apart(counted: pd.DataFrame, compared: pd.DataFrame, foot: str) -> Figure:
    """A broad panel for multiply-adds and for each backend, all with names; the families differ in colour and mark."""
    backends = style.series(compared)
    drawn = backends[:_MOST_PANELS]
    looks = _looks_of([*counted["model"], *compared["model"]])
    handles = [Line2D([], [], label=family, **look) for family, look in looks.items() if look is not _GUEST]
    handles += [Line2D([], [], label=_GUESTS, **_GUEST)] if _GUEST in looks.values() else []
    named: list[tuple[Axes, pd.DataFrame]] = []
    rows = (not counted.empty) + len(drawn)
    figure, axes = style.new_figure(rows, 1, panel_in=_BROAD_IN, entries=len(handles))
    if not counted.empty:
        named.append((axes[0], _plot_macs(axes[0], counted, looks)))
    for panel, (key, part) in zip(axes[rows - len(drawn) :], drawn, strict=True):
        _label_latency(panel, part)
        panel.set_title(style.label_of(key), fontsize=9)
        points = part.assign(x=part["latency_s"] * 1e3)
        _join_families(panel, points, looks)
        named.append((panel, points))
    left = [style.label_of(key) for key, _ in backends[_MOST_PANELS:]]
    more = f"Not drawn: {', '.join(left)}. " if left else ""
    style.finish(figure, f"{more}{foot}", handles)
    return _name_panels(figure, named)


def _plot_macs(panel: Axes, counted: pd.DataFrame, looks: Looks) -> pd.DataFrame:
    points = counted.assign(x=counted["macs"].astype(float) / 1e9)
    style.plain_log(panel.xaxis, points["x"].min(), points["x"].max())
    panel.set_xlabel("multiply-adds per image [GMACs]", fontsize=8)
    panel.set_ylabel("top-1 [%], published", fontsize=8)
    _join_families(panel, points, looks)
    panel.margins(*_MARGINS)
    return points


def _label_latency(panel: Axes, compared: pd.DataFrame) -> None:
    latency_ms = compared["latency_s"] * 1e3
    style.plain_log(panel.xaxis, latency_ms.min(), latency_ms.max())
    panel.set_xlabel(f"latency at batch {compared['batch'].min()} [ms], measured here", fontsize=8)
    panel.margins(*_MARGINS)
    panel.set_ylabel("top-1 [%], published", fontsize=8)


def _join_families(panel: Axes, points: pd.DataFrame, looks: Looks) -> None:
    for family, part in points.groupby("family", sort=False):
        ordered = part.sort_values("x")
        panel.plot(ordered["x"], ordered["top1_percent"], **looks[str(family)])


def _name_panels(figure: Figure, panels: Sequence[tuple[Axes, pd.DataFrame]]) -> Figure:
    """The names of the points of each panel, once the figure is laid out."""
    figure.draw_without_rendering()
    for panel, points in panels:
        name_points(panel, zip(points["x"], points["top1_percent"], name_models(points), strict=True))
    return figure


def _looks_of(models: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """By family a colour and mark; a guest is a family of its own, and all guests look alike."""
    known = {style.family_of(model): is_registered(model) for model in models}
    ours = [family for family, registered in known.items() if registered]
    return {family: style.family_style(ours, family) if family in ours else _GUEST for family in known}
