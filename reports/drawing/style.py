"""How every figure looks: one colour and marker per backend, one footnote, one way to save."""

from __future__ import annotations

import io
import math
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from analysis.published.conditions import is_registered
from bench.backends.registry import backend_names, info_of
from rexnet_core.registry import model_info

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

#: Okabe and Ito's palette, whose colours stay apart for colour-blind readers and in print, without its yellow,
#: which a thin line on white would lose; backends name their own colours and markers (`BackendInfo`).
#: These are for parts of a whole that are no backends; they differ in lightness too.
PARTS = ("#c8c8c8", "#9ad0f3", "#e69f00", "#5d3a9b", "#b2182b", "#1b7837")

#: Colours, marks and lines of families of models, in the order they come.
_FAMILIES = (
    ("#5d3a9b", "P", "-"), ("#c77c02", "X", "--"), ("#1b7837", "p", "-."), ("#b2182b", "h", ":"),
    ("#2166ac", "v", "-"), ("#8c510a", "<", "--"), ("#01665e", ">", "-."),
)  # fmt: skip

_PANEL_IN = (3.0, 2.6)
#: Width up to which two figures stand side by side on a page.
HALF_PAGE_IN = 6.2
_FOOT_IN = 0.36
_DPI = 144
#: A bar that goes further than this factor beyond all points runs out of its panel.
_LONGEST_BAR = 3.0

#: Round numbers within a decade, the first choice that gives enough ticks.
_TICKS = ((1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 5.0, 7.0))
_LEAST_TICKS = 3

#: What makes two lines of the same backend different.
SERIES = ["backend", "precision", "memory_format", "device", "scenario"]
_PLAIN = {"precision": "fp32", "memory_format": "contiguous", "device": "cpu", "scenario": "latency"}


def new_figure(
    rows: int, cols: int, *, panel_in: tuple[float, float] = _PANEL_IN, entries: int
) -> tuple[Figure, list[Axes]]:
    """A figure of equal panels with room for a legend above and a footnote below, and its axes row by row.

    Args:
        rows: Of panels.
        cols: Of panels.
        panel_in: Width and height of one panel [inches].
        entries: Of the legend that `finish` will be given.
    """
    width, height = max(cols * panel_in[0], 5.2), rows * panel_in[1]
    above = 0.12 + 0.2 * math.ceil(entries / _legend_cols(entries, width))
    total = height + above + _FOOT_IN
    figure = Figure(figsize=(width, total), layout="constrained")
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.set(rect=(0, _FOOT_IN / total, 1, height / total), w_pad=0.06, h_pad=0.06)  # type: ignore[call-arg]
    axes = list(figure.subplots(rows, cols, squeeze=False).flat)
    for panel in axes:
        _calm(panel)
    return figure, axes


def _legend_cols(entries: int, width_in: float) -> int:
    return max(1, min(entries, int(width_in / 1.5)))


def _calm(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8)


def grid_for(panels: int, *, most: int = 4) -> tuple[int, int]:
    """Rows and columns for a number of panels."""
    cols = min(panels, most)
    return math.ceil(panels / cols), cols


def hide_rest(axes: Sequence[Axes], used: int) -> None:
    """Switch off the panels that have nothing to show."""
    for panel in axes[used:]:
        panel.set_visible(False)


def finish(figure: Figure, conditions: str, handles: Sequence[Any] = ()) -> Figure:
    """Put the legend above and the conditions below."""
    width, height = figure.get_size_inches()
    if handles:
        cols = _legend_cols(len(handles), width)
        figure.legend(handles=handles, loc="upper center", ncols=cols, frameon=False, fontsize=8, handlelength=2.8)
    note = "\n".join(textwrap.wrap(conditions, int(width * 17))[:3])
    figure.text(0.08 / width, 0.06 / height, note, fontsize=6.5, color="#555555", va="bottom", linespacing=1.25)
    return figure


def family_of(model: str) -> str:
    """The family of a model that is registered; another is a family of its own."""
    return model_info(model).family if is_registered(model) else model


def family_style(families: Sequence[str], family: str) -> dict[str, Any]:
    """Line and marker of one of some families: they differ without colour too, by marks that no backend has."""
    colour, marker, dashes = _FAMILIES[families.index(family) % len(_FAMILIES)]
    return {"color": colour, "marker": marker, "markersize": 6.5, "linestyle": dashes, "linewidth": 1.4}


def name_beside(*, before: bool) -> dict[str, Any]:
    """Where `annotate` puts a name beside its point, above on the left or below on the right.

    Accuracy rises with cost, so that both sides of a family's points are free of its other points and their names.
    """
    place = {"xytext": (-6, 4), "ha": "right"} if before else {"xytext": (6, -9), "ha": "left"}
    return {"textcoords": "offset points", "fontsize": 7, **place}


def label_of(key: Sequence[str]) -> str:
    """A line's name: the backend, and whatever differs from the plain settings."""
    values = dict(zip(SERIES, key, strict=True))
    return " ".join([values["backend"], *(values[name] for name, plain in _PLAIN.items() if values[name] != plain)])


def style_of(key: Sequence[str]) -> dict[str, Any]:
    """Line and marker of a series: colour and marker say the backend, filling the precision, dashes the layout.

    Markers are full for fp32, hollow for bf16 and grey for int8; those of another device than the CPU are half as full.
    """
    values = dict(zip(SERIES, key, strict=True))
    backend = info_of(values["backend"])
    colour, marker = backend.colour, backend.marker
    return {
        "color": colour,
        "marker": marker,
        "markersize": 5.5,
        "markerfacecolor": _FILLINGS.get(values["precision"], colour),
        "fillstyle": "full" if values["device"] == _PLAIN["device"] else "left",
        "linestyle": _dashes(values["memory_format"], values["scenario"]),
        "linewidth": 1.5,
    }


#: Of markers, by precision; any other has the colour of its backend.
_FILLINGS = {"bf16": "white", "int8": "#bbbbbb"}


def _dashes(memory_format: str, scenario: str) -> str:
    if scenario != _PLAIN["scenario"]:
        return ":"
    return "-" if memory_format == _PLAIN["memory_format"] else "--"


def colour_of(backend: str) -> str:
    """The colour of a backend, the same in every figure."""
    return info_of(backend).colour


def series(frame: pd.DataFrame) -> list[tuple[tuple[str, ...], pd.DataFrame]]:
    """The lines of a frame, backends in their usual order."""
    lines = [(tuple(map(str, key)), rows) for key, rows in frame.groupby(SERIES, sort=True)]
    order = {name: rank for rank, name in enumerate(backend_names())}
    return sorted(lines, key=lambda line: (order.get(line[0][0], len(order)), len(label_of(line[0])), line[0]))


def legend_handles(keys: Iterable[Sequence[str]]) -> list[Line2D]:
    """One entry per series."""
    return [Line2D([], [], label=label_of(key), **style_of(key)) for key in keys]


def bar_lengths(rows: pd.DataFrame, names: tuple[str, str, str], factor: float) -> Any:
    """Lengths below and above the point, 0 where there is no interval: the table says why, the bar is not drawn."""
    middle, low, high = (rows[name].to_numpy(dtype=float) * factor for name in names)
    return np.nan_to_num(np.clip(np.stack([middle - low, high - middle]), 0, None))


def span(rows: pd.DataFrame, names: tuple[str, str, str], factor: float) -> tuple[float, float]:
    """What the axis holds: all points, and their bars unless these are so long that they would dwarf the rest."""
    points = rows[names[0]].to_numpy(dtype=float) * factor
    every = rows[list(names)].to_numpy(dtype=float) * factor
    low, high = float(np.nanmin(points)), float(np.nanmax(points))
    return max(float(np.nanmin(every)), low / _LONGEST_BAR), min(float(np.nanmax(every)), high * _LONGEST_BAR)


def plain_log(axis: Axis, low: float, high: float) -> None:
    """A logarithmic axis with numbers people read."""
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})  # type: ignore[attr-defined]
    fitting = (subs for subs in _TICKS if _count_ticks(low, high, subs) >= _LEAST_TICKS)
    subs = next(fitting, None)
    axis.set_major_locator(LogLocator(subs=subs) if subs else MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.4g}"))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def _count_ticks(low: float, high: float, subs: Sequence[float]) -> int:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return sum(low <= sub * 10.0**decade <= high for decade in decades for sub in subs)


def ticks_at(axis: Axis, values: Iterable[float]) -> None:
    """A logarithmic axis with ticks exactly where there is data."""
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})  # type: ignore[attr-defined]
    axis.set_major_locator(FixedLocator(sorted(set(values))))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def render(figure: Figure) -> tuple[bytes, bytes]:
    """The figure as SVG and as PNG, the same bytes for the same data."""
    svg, png = io.BytesIO(), io.BytesIO()
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    figure.savefig(png, format="png", dpi=_DPI, metadata={"Software": None})
    return svg.getvalue(), png.getvalue()
