"""What became of each claim under each protocol, as a matrix that reads without colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.patches import Rectangle

from reports.drawing import layout, style
from reports.rank.figures import styles

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_TEXT_IN, _CELL_IN = 4.4, 1.6


def plot_verdicts(claims: pd.DataFrame, conditions: str) -> Figure | None:
    """Claims (rows) by protocols (columns): a symbol and a colour per verdict, and what it depends on.

    Args:
        claims: The verdicts; without a column ``protocol``, of one study.
        conditions: The footnote.
    """
    if claims.empty:
        return None
    if "protocol" not in claims:
        claims = claims.assign(protocol="verdict", depends_on="")
    protocols, names = list(dict.fromkeys(claims["protocol"])), list(dict.fromkeys(claims["claim"]))
    handles = styles.verdict_entries(claims["verdict"])
    width = _TEXT_IN + _CELL_IN * len(protocols)
    figure, axes = style.new_figure(1, 1, panel_in=(width, 0.4 + 0.42 * len(names)), entries=len(handles))
    panel = axes[0]
    for row in claims.to_dict("records"):
        x, y = protocols.index(row["protocol"]), names.index(row["claim"])
        colour, symbol = styles.VERDICTS.get(row["verdict"], ("#ffffff", row["verdict"]))
        panel.add_patch(Rectangle((x - 0.48, y - 0.45), 0.96, 0.9, facecolor=colour, edgecolor="none"))
        words = layout.wrap(row["depends_on"], 18)
        panel.text(x - (0.36 if words else 0), y, symbol, ha="center", va="center", fontsize=11)
        panel.text(x - 0.24, y, words, ha="left", va="center", fontsize=5.8, linespacing=1.1)
    texts = claims.drop_duplicates("claim").set_index("claim")["text"]
    panel.set_yticks(range(len(names)), [f"{name}  {layout.wrap(texts[name], 62)}" for name in names], fontsize=7)
    panel.set_xticks(range(len(protocols)), protocols, fontsize=styles.SMALL)
    panel.xaxis.tick_top()
    panel.set(xlim=(-0.5, len(protocols) - 0.5), ylim=(len(names) - 0.5, -0.5))
    styles.bare(panel)
    return style.finish(figure, conditions, handles)
