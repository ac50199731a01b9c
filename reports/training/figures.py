"""The curves of a training: accuracy, loss and learning rate over the epochs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D

from reports.drawing import style
from reports.drawing.figure import list_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd
    from matplotlib.figure import Figure as Drawing

    from reports.drawing.figure import Figure

_SMALL = 8
#: They differ without colour, too.
_LOOKS: dict[str, dict[str, Any]] = {
    "train": {"color": "#d55e00", "linestyle": "--", "marker": "o", "markerfacecolor": "white", "label": "training"},
    "val": {"color": "#0072b2", "linestyle": "-", "marker": "s", "label": "validation"},
}
_BEST: dict[str, Any] = {
    "color": "#1b7837",
    "marker": "D",
    "markersize": 9,
    "markerfacecolor": "none",
    "linestyle": "none",
}
#: More points than this are a line.
_MOST_MARKS = 40


def list_figures(frames: Mapping[str, pd.DataFrame], conditions: str) -> Iterator[Figure]:
    """The figures, not drawn yet.

    Args:
        frames: As from `reports.training.report.training_frames`.
        conditions: The footnote.
    """
    epochs = frames["epochs"]
    return list_named(
        "training",
        {
            "training_accuracy": partial(plot_both, epochs, "top1_percent", "top-1 accuracy [%]", conditions),
            "training_loss": partial(plot_both, epochs, "loss", "loss", conditions),
            "training_rate": partial(plot_rate, epochs, conditions),
        },
    )


def plot_both(epochs: pd.DataFrame, column: str, label: str, conditions: str) -> Drawing | None:
    """A quantity of training and of validation over the epochs; None before the first has ended.

    Args:
        epochs: One row for each.
        column: Of the quantity, without ``train_`` and ``val_``.
        label: Of the vertical axis.
        conditions: The footnote.
    """
    if epochs.empty:
        return None
    handles = [Line2D([], [], markersize=5, **look) for look in _LOOKS.values()]
    handles.append(Line2D([], [], label="kept in best.pth", **_BEST))
    figure, [panel] = style.new_figure(1, 1, panel_in=(5.6, 3.4), entries=len(handles))
    for side, look in _LOOKS.items():
        marks = {} if len(epochs) <= _MOST_MARKS else {"marker": ""}
        panel.plot(epochs["epoch"], epochs[f"{side}_{column}"], linewidth=1.4, markersize=4, **{**look, **marks})
    best = epochs[epochs["best"].astype(bool)].tail(1)
    panel.plot(best["epoch"], best[f"val_{column}"], **_BEST)
    _name_axes(panel, label)
    return style.finish(figure, conditions, handles)


def plot_rate(epochs: pd.DataFrame, conditions: str) -> Drawing | None:
    """The learning rate over the epochs; None before the first has ended."""
    if epochs.empty:
        return None
    figure, [panel] = style.new_figure(1, 1, panel_in=(5.6, 3.4), entries=0)
    panel.plot(epochs["epoch"], epochs["learning_rate"], color="#333333", linewidth=1.4, marker=".")
    panel.set_ylim(bottom=0)
    _name_axes(panel, "learning rate")
    return style.finish(figure, conditions)


def _name_axes(panel: Any, label: str) -> None:
    panel.set_xlabel("epoch", fontsize=_SMALL)
    panel.set_ylabel(label, fontsize=_SMALL)
    panel.xaxis.get_major_locator().set_params(integer=True)
