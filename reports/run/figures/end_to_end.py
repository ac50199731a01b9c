"""Where the time goes from the bytes of pictures to their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.patches import Patch

from bench.records.pictures import CALL_PARTS
from reports.drawing import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_ROWS = 32


def plot_end_to_end(cases: pd.DataFrame, conditions: str) -> Figure | None:
    """Stacked parts of one image of each compared case, with the share of preparing pictures."""
    compared = cases[(cases["status"] == "ok") & cases["preprocessing_share"].notna()]
    compared = compared.sort_values(["model", "resolution", "batch"], kind="stable")
    if compared.empty:
        return None
    left_out = max(0, len(compared) - _MOST_ROWS)
    compared = compared.head(_MOST_ROWS)
    figure, (panel,) = style.new_figure(1, 1, panel_in=(8.8, 0.9 + 0.27 * len(compared)), entries=len(CALL_PARTS))
    left = np.zeros(len(compared))
    for part, colour in zip(CALL_PARTS, style.PARTS, strict=False):
        lengths = np.nan_to_num(_per_image_ms(compared, part))
        panel.barh(range(len(compared)), lengths, left=left, color=colour, height=0.72)
        left += lengths
    for place, (end, share) in enumerate(zip(left, compared["preprocessing_share"], strict=True)):
        text = f"  {end:.3g} ms, {share:.0%} preprocessing"
        panel.text(end, place, text, va="center", fontsize=7, color="#333333")
    panel.set_yticks(range(len(compared)), [_name(row) for _, row in compared.iterrows()])
    panel.set_ylim(len(compared) - 0.4, -0.6)
    panel.set_xlim(0, left.max() * 1.4)
    panel.set_xlabel("time for one image [ms], parts by their medians", fontsize=8)
    panel.grid(visible=False, axis="y")
    handles = [Patch(color=colour, label=part) for part, colour in zip(CALL_PARTS, style.PARTS, strict=False)]
    more = f"{left_out} more rows are in cases.csv. " if left_out else ""
    return style.finish(figure, f"{more}{conditions}", handles)


def _per_image_ms(cases: pd.DataFrame, part: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    times_s = pd.to_numeric(cases[f"{part}_s"]).to_numpy(dtype=float)
    return np.asarray(times_s * 1e3 / cases["batch"].to_numpy(dtype=float))


def _name(row: pd.Series) -> str:
    key = [row[name] if name != "scenario" else "latency" for name in style.SERIES]
    return f"{row['model']} b{row['batch']} {style.label_of(key)}"
