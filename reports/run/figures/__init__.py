"""Figures of a run: frames in, figures out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bench.records.case import END_TO_END
from reports.drawing.figure import list_named
from reports.run.figures import accuracy, costs, end_to_end, load, paper, phases, published_times, speed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd
    from matplotlib.figure import Figure as Plot

    from reports.drawing.figure import Figure

_NOT_MEASURED = "Counted from the architecture, for one image; nothing here was timed."


def list_figures(frames: Mapping[str, pd.DataFrame], conditions: str) -> Iterator[Figure]:
    """The figures in the order of the page, not drawn yet.

    Args:
        frames: As from `reports.run.frames.all_frames`.
        conditions: The footnote: processor, threads, precision.
    """
    cases, cost, known = frames["cases"], frames["costs"], frames["accuracies"]
    return list_named(
        "run",
        {
            "latency": partial(speed.plot_latency, cases, conditions),
            "throughput": partial(speed.plot_throughput, cases, conditions),
            "streams": partial(load.plot_streams, cases, conditions),
            "speedup": partial(speed.plot_speedup, cases, conditions),
            **_list_end_to_end(cases, conditions),
            "macs_latency": partial(costs.plot_macs_latency, cases, cost, conditions),
            "accuracy": partial(accuracy.plot_accuracy, cases, cost, known, conditions),
            "paper_latency": partial(paper.plot_paper_latency, frames["model_pairs"], known, conditions),
            **_list_published_times(frames, conditions),
            "phases": partial(phases.plot_phases, frames["phases"], conditions),
            "layers": partial(costs.plot_layers, frames["layers"], _NOT_MEASURED),
        },
    )


def _list_end_to_end(cases: pd.DataFrame, conditions: str) -> dict[str, Callable[[], Plot | None]]:
    """The figure of a run that has the scenario; to others there is nothing to say of it."""
    if not (cases["scenario"] == END_TO_END).any():
        return {}
    return {"end_to_end": partial(end_to_end.plot_end_to_end, cases, conditions)}


def _list_published_times(frames: Mapping[str, pd.DataFrame], conditions: str) -> dict[str, Callable[[], Plot | None]]:
    """The figure of a run with an order beside timm's table; in other runs there is nothing to say of it."""
    if frames["published_order"]["tau"].isna().all():
        return {}
    return {"published_times": partial(published_times.plot_published_times, frames, conditions)}
