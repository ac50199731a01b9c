"""Throughput and latency with several requests in flight, over their number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.lines import Line2D

from reports.drawing import style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARGIN = 1.3
_HINT = {"marker": "*", "markersize": 12, "markerfacecolor": "white", "linestyle": "none"}
_SIDES = (
    (("throughput_per_s", "throughput_low_per_s", "throughput_high_per_s"), 1, "throughput [images/s]"),
    (("load_latency_s", "load_latency_low_s", "load_latency_high_s"), 1e3, "latency under load [ms]"),
)


def plot_streams(cases: pd.DataFrame, conditions: str) -> Figure | None:
    """Images per second and latency under load against streams, two panels per model and resolution.

    At the smallest batch; stars are the number of streams that the runtime's hint chose.
    """
    compared = cases[(cases["status"] == "ok") & (cases["scenario"] == "throughput")]
    compared = compared.dropna(subset=["load_latency_s", "throughput_per_s"])
    if compared.empty:
        return None
    compared = compared[compared["batch"] == compared.groupby(["model", "resolution"])["batch"].transform("min")]
    # All cases have one scenario, which the heading names, so no line repeats it.
    compared = compared.assign(scenario="latency", at=compared["effective_streams"].astype(float))
    panels = list(compared.groupby(["model", "resolution"], sort=True))
    keys = [key for key, _ in style.series(compared)]
    hinted = bool((compared["streams"] == 0).any())
    figure, axes = style.new_figure(*style.grid_for(2 * len(panels)), entries=len(keys) + hinted)
    for index, ((model, resolution), part) in enumerate(panels):
        for side, (names, factor, label) in enumerate(_SIDES):
            panel = axes[2 * index + side]
            _plot(panel, part, names, factor)
            panel.set_title(f"{model}, {resolution} px, batch {part['batch'].iloc[0]}", fontsize=9)
            panel.set_xlabel("streams or instances", fontsize=8)
            panel.set_ylabel(label, fontsize=8)
    style.hide_rest(axes, 2 * len(panels))
    star = [Line2D([], [], color="#333333", label="chosen by hint", **_HINT)] if hinted else []  # type: ignore[arg-type]
    return style.finish(figure, conditions, [*style.legend_handles(keys), *star])


def _plot(panel: Axes, part: pd.DataFrame, names: tuple[str, str, str], factor: float) -> None:
    for key, line in style.series(part):
        swept = line[line["streams"] > 0].sort_values("at")
        look = style.style_of(key)
        for rows, form in ((swept, look), (line[line["streams"] == 0], {**look, **_HINT})):
            if len(rows):
                bars = style.bar_lengths(rows, names, factor)
                panel.errorbar(rows["at"], rows[names[0]] * factor, yerr=bars, capsize=2, **form)
    style.ticks_at(panel.xaxis, part["at"])
    panel.set_xlim(part["at"].min() / _MARGIN, part["at"].max() * _MARGIN)
    low, high = style.span(part, names, factor)
    style.plain_log(panel.yaxis, low, high)
    panel.set_ylim(low / 1.1, high * 1.1)
