"""How rank figures look: one colour, marker and dash per activation, point, protocol and model; sizes; footnotes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from reports.rank.names import order_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

#: Okabe and Ito's palette, then darker colours of the same kind; in the order of the paper's legend, then further
#: activations. Dashes keep curves apart that lie on one another, markers keep points apart.
_ACTIVATIONS = {
    "Linear": ("#333333", "o", "-"),
    "ReLU6": ("#d55e00", "s", "-"),
    "ReLU": ("#e69f00", "^", "--"),
    "LeakyReLU": ("#cc79a7", "v", "-."),
    "ELU": ("#009e73", "D", "-"),
    "SoftPlus": ("#56b4e9", "P", "--"),
    "Hardswish": ("#0072b2", "X", "-."),
    "SiLU": ("#5d3a9b", "*", "-"),
    "GELU": ("#7a7a7a", "<", "--"),
    "Mish": ("#8c510a", ">", "-."),
    "SELU": ("#1b7837", "p", ":"),
    "Tanh": ("#b2182b", "h", ":"),
    "Sigmoid": ("#40004b", "d", ":"),
}
_POINTS = {
    "conv": ("#9a6fd0", "<"),
    "input": ("#7a7a7a", "o"),
    "expand": ("#0072b2", "s"),
    "act": ("#d55e00", "^"),
    "depthwise": ("#009e73", "D"),
    "se": ("#8c510a", "p"),
    "act2": ("#e69f00", "v"),
    "project": ("#cc79a7", "P"),
    "add": ("#333333", "X"),
    "out": ("#56b4e9", "h"),
    "penultimate": ("#5d3a9b", "*"),
    "pooled": ("#b2182b", "*"),
    "hidden": ("#1b7837", ">"),
}
#: For things that are none of the above, in the order in which they come.
_SERIES = (
    ("#d55e00", "s", "-"),
    ("#0072b2", "D", "--"),
    ("#009e73", "^", "-."),
    ("#5d3a9b", "*", "-"),
    ("#e69f00", "v", "--"),
    ("#cc79a7", "P", "-."),
    ("#333333", "o", ":"),
)
#: What a verdict looks like: colour, symbol.
VERDICTS = {
    "holds": ("#9fd8c4", "\N{CHECK MARK}"),
    "fails": ("#f3b08c", "\N{MULTIPLICATION X}"),
    "depends on": ("#f7e3a1", "~"),
    "can't be told": ("#e4e4e4", "?"),
}
#: Order in which a figure shows tolerances: those by rounding, then the loosest last.
_BY_RULE = ("certified", "producer", "numpy")
#: Brightness (0 to 1) of a cell above which its text is dark.
_BRIGHT = 0.55

SMALL = 8


def order_activations(names: Iterable[str]) -> list[str]:
    """In the order of the paper's legend; unknown names last."""
    return order_known(names, list(_ACTIVATIONS))


def order_tolerances(names: Iterable[str]) -> list[str]:
    """Those by rounding first, then fractions of the largest singular value, rising."""
    return sorted(dict.fromkeys(names), key=_tolerance_key)


def _tolerance_key(name: str) -> tuple[int, float, str]:
    if name in _BY_RULE:
        return _BY_RULE.index(name), 0.0, name
    _, _, number = name.partition(":")
    try:
        return len(_BY_RULE), float(number), name
    except ValueError:
        return len(_BY_RULE) + 1, 0.0, name


def name_tolerance(name: str) -> str:
    """A tolerance as an axis shows it."""
    return name.removeprefix("rel:")


def activation_look(name: str) -> dict[str, Any]:
    """Line and marker of an activation."""
    colour, marker, dash = _ACTIVATIONS.get(name, ("#999999", ".", ":"))
    return {"color": colour, "marker": marker, "linestyle": dash, "linewidth": 1.3, "markersize": 4}


def point_look(name: str) -> dict[str, Any]:
    """Marker of a point in a block."""
    colour, marker = _POINTS.get(name, ("#999999", "."))
    return {"color": colour, "marker": marker, "linestyle": "none", "markersize": 5}


def order_points(names: Iterable[str]) -> list[str]:
    """In the order in which a block runs; unknown names last."""
    return order_known(names, list(_POINTS))


def series_looks(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Lines and markers of protocols, models or networks, in their order; after seven they repeat."""
    looks = {}
    for place, name in enumerate(dict.fromkeys(names)):
        colour, marker, dash = _SERIES[place % len(_SERIES)]
        looks[name] = {"color": colour, "marker": marker, "linestyle": dash, "linewidth": 1.4, "markersize": 5}
    return looks


def entries(looks: dict[str, dict[str, Any]]) -> list[Line2D]:
    """One legend entry per look."""
    return [Line2D([], [], label=name, **look) for name, look in looks.items()]


def verdict_entries(verdicts: Iterable[str]) -> list[Patch]:
    """One legend entry per verdict that occurs."""
    present = set(verdicts)
    return [
        Patch(facecolor=colour, edgecolor="#555555", linewidth=0.5, label=f"{symbol}  {name}")
        for name, (colour, symbol) in VERDICTS.items()
        if name in present
    ]


def ink_on(colour: Any) -> str:
    """Dark or light, whichever reads better on a colour (red, green, blue and more, from 0 to 1)."""
    red, green, blue = colour[:3]
    return "#111111" if 0.299 * red + 0.587 * green + 0.114 * blue > _BRIGHT else "#ffffff"


def whiskers(middle: pd.Series[float], low: pd.Series[float], high: pd.Series[float]) -> Any:
    """Lengths below and above each point; 0 where there is no interval."""
    centre = middle.to_numpy(dtype=float)
    ends = np.stack([centre - low.to_numpy(dtype=float), high.to_numpy(dtype=float) - centre])
    return np.nan_to_num(np.clip(ends, 0, None))


def spread_out(items: Sequence[Any], most: int) -> list[Any]:
    """At most so many of them: the first, the last, and some between."""
    if not items:
        return []
    return [items[place] for place in sorted({round(x) for x in np.linspace(0, len(items) - 1, most)})]


def same(values: pd.Series[float], wanted: float) -> pd.Series[bool]:
    """Which are that ratio; a sixth is written with four digits."""
    return abs(values - wanted) < 1e-3  # noqa: PLR2004 - finer than any two ratios differ


def symmetric(values: Any) -> float:
    """The end of a scale that is symmetric about 0 and holds all values; 1 where all are 0 or missing."""
    array = np.abs(np.asarray(values, dtype=float))
    top = float(np.nanmax(array)) if np.isfinite(array).any() else 0.0
    return top if top > 0 and math.isfinite(top) else 1.0


def decades(axis: Axis) -> None:
    """A logarithmic axis over many powers of ten, each written as people type it."""
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})  # type: ignore[attr-defined]
    axis.set_major_locator(LogLocator(numticks=6))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def bare(panel: Axes) -> None:
    """Without grid and ticks' marks, for tables of cells."""
    panel.grid(visible=False)
    panel.tick_params(length=0)
    panel.spines[["left", "bottom"]].set_visible(False)
