"""Maps of the layer study: rank over tolerance and ratio, and where SiLU is above ReLU6 and where below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from reports.drawing import style
from reports.rank.figures import styles

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BLOCK = "conv1x1"
_SEQUENTIAL, _DIVERGING = "cividis", "PuOr"
_MISSING = "#f0f0f0"


def plot_heat(cells: pd.DataFrame, centring: str, conditions: str) -> Figure | None:
    """Rank of a 1x1 convolution over tolerance (up) and ratio (across), one panel per activation.

    Args:
        cells: Of one protocol.
        centring: Which singular values.
        conditions: The footnote.
    """
    of_block = (cells["metric"] == "rank") & (cells["block"] == _BLOCK) & (cells["centring"] == centring)
    ranks = cells[of_block & cells["mean"].notna()]
    tolerances = styles.order_tolerances(ranks["tolerance"])
    if len(tolerances) < 2:  # noqa: PLR2004 - one row is a curve
        return None
    names, ratios = styles.order_activations(ranks["activation"]), sorted(ranks["dimension_ratio"].unique())
    rows, cols = style.grid_for(len(names), most=4)
    panel_in = (max(2.0, 0.55 + 0.24 * len(ratios)), 0.75 + 0.22 * len(tolerances))
    figure, axes = style.new_figure(rows, cols, panel_in=panel_in, entries=1)
    scale = ScalarMappable(Normalize(0, 1), _SEQUENTIAL)
    for place, (panel, name) in enumerate(zip(axes, names, strict=False)):
        part = ranks[ranks["activation"] == name]
        grid = _grid(part, "mean", down="tolerance", rows=tolerances, across="dimension_ratio", cols=ratios)
        _cells(panel, grid, scale)
        _write(panel, grid, [[_share(value) for value in row] for row in grid], scale, 5)
        _label(
            panel, [styles.name_tolerance(tolerance) for tolerance in tolerances], [f"{ratio:.2g}" for ratio in ratios]
        )
        panel.tick_params(labelleft=place % cols == 0, labelsize=6)
        panel.set_title(name, fontsize=9)
        panel.set_xlabel("dimension ratio" if place + cols >= len(names) else "", fontsize=7)
        panel.set_ylabel("tolerance" if place % cols == 0 else "", fontsize=7)
    style.hide_rest(axes, len(names))
    bar = figure.colorbar(scale, ax=axes, shrink=0.7, aspect=25, pad=0.01)
    bar.set_label("mean rank, as a share of d_out", fontsize=styles.SMALL)
    bar.ax.tick_params(labelsize=7)
    return style.finish(figure, conditions)


def plot_signs(signs: pd.DataFrame, conditions: str) -> Figure | None:
    """Paired difference of two activations over tolerance and width; ``+``, ``-`` and ``0`` say what the interval says.

    Args:
        signs: The sign map.
        conditions: The footnote.
    """
    if signs.empty:
        return None
    ratios, centrings = sorted(signs["dimension_ratio"].unique()), sorted(set(signs["centring"]), reverse=True)
    widths = sorted(signs["d_out"].unique().tolist())
    tolerances = sorted(signs["tolerance"].unique().tolist(), reverse=True)
    panel_in = (max(2.9, 0.9 + 0.3 * len(widths)), 0.8 + 0.15 * len(tolerances))
    figure, axes = style.new_figure(len(ratios), len(centrings), panel_in=panel_in, entries=1)
    top = styles.symmetric(signs["difference"])
    scale = ScalarMappable(Normalize(-top, top), _DIVERGING)
    places = [(ratio, centring) for ratio in ratios for centring in centrings]
    for panel, (ratio, centring) in zip(axes, places, strict=True):
        part = signs[(signs["dimension_ratio"] == ratio) & (signs["centring"] == centring)]
        grid = _grid(part, "difference", down="tolerance", rows=tolerances, across="d_out", cols=widths)
        _cells(panel, grid, scale)
        marks = part.set_index(["tolerance", "d_out"])["sign"].to_dict()
        signs_of = [
            [marks.get((level, width), "").replace("-", "\N{MINUS SIGN}") for width in widths] for level in tolerances
        ]
        _write(panel, grid, signs_of, scale, 8)
        _label(panel, _thin([f"{tolerance:.2g}" for tolerance in tolerances]), [str(width) for width in widths])
        panel.set_title(f"{centring}, dimension ratio {ratio:g}", fontsize=9)
        panel.set_xlabel("d_out" if ratio == ratios[-1] else "", fontsize=styles.SMALL)
        panel.set_ylabel("tolerance / largest" if centring == centrings[0] else "", fontsize=styles.SMALL)
        panel.tick_params(labelsize=7, labelleft=centring == centrings[0])
    first = signs.iloc[0]
    bar = figure.colorbar(scale, ax=axes, shrink=0.6, aspect=30, pad=0.02)
    bar.set_label(f"rank, share of d_out: {first['activation']} minus {first['reference']}", fontsize=styles.SMALL)
    bar.ax.tick_params(labelsize=7)
    return style.finish(figure, conditions)


def plot_sensitivity(sensitivity: pd.DataFrame, conditions: str) -> Figure | None:
    """How often each claim held (rows) at each level of each choice that the paper leaves open (columns).

    A dash stands where no view decided, an empty cell where the claim was not tested.

    Args:
        sensitivity: The tally.
        conditions: The footnote.
    """
    if sensitivity.empty:
        return None
    claims = list(dict.fromkeys(sensitivity["claim"]))
    levels = _ordered_levels(sensitivity)
    spots = _spots(levels)
    width = max(5.6, 1.1 + 0.36 * (spots[-1] + 1))
    figure, axes = style.new_figure(1, 1, panel_in=(width, 1.7 + 0.27 * len(claims)), entries=1)
    panel, scale = axes[0], ScalarMappable(Normalize(0, 1), _SEQUENTIAL)
    shares = sensitivity.set_index(["claim", "factor", "level"])["share"].to_dict()
    for row, claim in enumerate(claims):
        for spot, level in zip(spots, levels, strict=True):
            share = shares.get((claim, *level), np.nan)
            colour: Any = mpl.colors.to_rgba(_MISSING) if np.isnan(share) else scale.to_rgba(share)
            panel.bar(spot, 1, bottom=row - 0.5, width=1, color=[colour], edgecolor="white", linewidth=0.8)
            undecided = "\N{EN DASH}" if (claim, *level) in shares else ""
            text = undecided if np.isnan(share) else f"{100 * share:.0f}"
            panel.text(spot, row, text, ha="center", va="center", fontsize=7, color=styles.ink_on(colour))
    _head(panel, levels, spots)
    panel.set_yticks(range(len(claims)), claims, fontsize=styles.SMALL)
    panel.set(xlim=(-0.6, spots[-1] + 0.6), ylim=(len(claims) - 0.4, -0.6))
    styles.bare(panel)
    return style.finish(figure, conditions)


def _ordered_levels(sensitivity: pd.DataFrame) -> list[tuple[str, str]]:
    """Choices in their order, each with its levels; tolerances from rounding to the loosest."""
    pairs = []
    for factor in dict.fromkeys(sensitivity["factor"]):
        levels = list(dict.fromkeys(sensitivity[sensitivity["factor"] == factor]["level"]))
        pairs += [(factor, level) for level in (styles.order_tolerances(levels) if factor == "tolerance" else levels)]
    return pairs


def _spots(levels: Sequence[tuple[str, str]]) -> list[float]:
    """Places along the axis, with a gap between choices."""
    spots, spot = [], 0.0
    for place, (factor, _) in enumerate(levels):
        spot += 0.0 if place == 0 else 1.0 if factor == levels[place - 1][0] else 1.6
        spots.append(spot)
    return spots


def _head(panel: Axes, levels: Sequence[tuple[str, str]], spots: Sequence[float]) -> None:
    """Levels below the columns, choices above them."""
    panel.set_xticks(spots, [styles.name_tolerance(level) for _, level in levels], rotation=60, ha="right", fontsize=7)
    for factor in dict.fromkeys(factor for factor, _ in levels):
        own = [spot for spot, (choice, _) in zip(spots, levels, strict=True) if choice == factor]
        place = panel.get_xaxis_transform()
        panel.text(float(np.mean(own)), 1.01, factor, transform=place, ha="center", va="bottom", fontsize=styles.SMALL)


def _grid(
    part: pd.DataFrame, value: str, *, down: str, rows: Sequence[Any], across: str, cols: Sequence[Any]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Values as an array of shape (rows, cols); NaN where there is none."""
    table = part.pivot_table(index=down, columns=across, values=value, aggfunc="first")
    return table.reindex(index=list(rows), columns=list(cols)).to_numpy(dtype=float)


def _cells(panel: Axes, grid: Any, scale: ScalarMappable) -> None:
    colours = scale.to_rgba(np.ma.masked_invalid(grid))
    colours[np.isnan(grid)] = mpl.colors.to_rgba(_MISSING)
    panel.imshow(colours, aspect="auto", interpolation="nearest")
    styles.bare(panel)


def _write(panel: Axes, grid: Any, texts: Sequence[Sequence[str]], scale: ScalarMappable, size: float) -> None:
    for row, words in enumerate(texts):
        for col, text in enumerate(words):
            ink = "#111111" if np.isnan(grid[row, col]) else styles.ink_on(scale.to_rgba(grid[row, col]))
            panel.text(col, row, text, ha="center", va="center", fontsize=size, color=ink)


def _label(panel: Axes, down: Sequence[str], across: Sequence[str]) -> None:
    panel.set_yticks(range(len(down)), down)
    panel.set_xticks(range(len(across)), across, rotation=90 if max(map(len, across)) > 3 else 0)  # noqa: PLR2004


def _share(value: float) -> str:
    """Two digits without the leading zero: there is little room."""
    return "" if np.isnan(value) else "1" if value >= 0.995 else f"{value:.2f}".lstrip("0")  # noqa: PLR2004


def _thin(labels: list[str]) -> list[str]:
    """Every second label where they are many."""
    return [label if place % 2 == 0 else "" for place, label in enumerate(labels)] if len(labels) > 12 else labels  # noqa: PLR2004
