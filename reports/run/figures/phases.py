"""What it costs to get a backend ready, and after how many images that pays."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Patch

from bench.records.case import REFERENCE_BACKEND
from reports.drawing import style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

SHOWN = ("import", "build", "convert", "quantize", "compile", "first_inference")
_MOST_ROWS = 32


def plot_phases(phases: pd.DataFrame, conditions: str) -> Figure | None:
    """Stacked phases of each compared case at its smallest batch, cold and cached apart, with the break-even."""
    compared = phases[(phases["status"] == "ok") & (phases["scenario"] == "latency")]
    compared = compared[compared["batch"] == compared.groupby(["model", "resolution"])["batch"].transform("min")]
    compared = compared.sort_values(["model", "resolution"], kind="stable")
    if compared.empty:
        return None
    left_out = max(0, len(compared) - _MOST_ROWS)
    compared = compared.head(_MOST_ROWS)
    figure, (panel,) = style.new_figure(1, 1, panel_in=(8.8, 0.9 + 0.27 * len(compared)), entries=len(SHOWN))
    left = np.zeros(len(compared))
    for phase, colour in zip(SHOWN, style.PARTS, strict=False):
        lengths = np.nan_to_num(compared[f"{phase}_s"].to_numpy(dtype=float))
        panel.barh(range(len(compared)), lengths, left=left, color=colour, height=0.72)
        left += lengths
    for place, (end, (_, row)) in enumerate(zip(left, compared.iterrows(), strict=True)):
        panel.text(end, place, f"  {end:.3g} s{_pays(row)}", va="center", fontsize=7, color="#333333")
    panel.set_yticks(range(len(compared)), [_name(row) for _, row in compared.iterrows()])
    panel.set_ylim(len(compared) - 0.4, -0.6)
    panel.set_xlim(0, left.max() * 1.32)
    panel.set_xlabel("time until ready [s], median over process rounds", fontsize=8)
    panel.grid(visible=False, axis="y")
    handles = [Patch(color=c, label=p.replace("_", " ")) for p, c in zip(SHOWN, style.PARTS, strict=False)]
    more = f"{left_out} more rows are in phases.csv. " if left_out else ""
    return style.finish(figure, f"{more}Imports are not counted in the break-even. {conditions}", handles)


def _name(row: pd.Series) -> str:
    cache = f" ({row['compile_cache']})" if row["compile_cache"] else ""
    return f"{row['model']} b{row['batch']} {style.label_of([row[name] for name in style.SERIES])}{cache}"


def _pays(row: pd.Series) -> str:
    images = row["break_even_images"]
    if row["backend"] == REFERENCE_BACKEND or images is None or math.isnan(images):
        return ""
    if math.isinf(images):
        return ", never pays"
    doubt = " (in doubt)" if row["break_even_reason"] and images else ""
    return f", pays after {images:,.0f} images{doubt}" if images else ", pays at once"
