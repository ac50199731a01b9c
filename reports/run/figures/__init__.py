"""Figures of a run: frames in, figures out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reports.drawing.figure import Figure
from reports.run.figures import costs, load, paper, phases, speed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

_NOT_MEASURED = "Counted from the architecture, for one image; nothing here was timed."


def list_figures(
    frames: Mapping[str, pd.DataFrame], conditions: str, top1: Mapping[str, tuple[float, str]]
) -> Iterator[Figure]:
    """The figures in the order of the page, not drawn yet.

    Args:
        frames: As from `reports.run.frames.all_frames`.
        conditions: The footnote: processor, threads, precision.
        top1: Model name to published top-1 accuracy [%] and its source.
    """
    cases, cost = frames["cases"], frames["costs"]
    yield Figure(
        name="latency",
        title="Latency against batch size",
        caption="Median time of one call; bars are 95 % intervals, and one that leaves the panel is longer still. "
        "Both axes are logarithmic; lower is better.",
        needs="no latency was measured and found comparable",
        plot=partial(speed.plot_latency, cases, conditions),
    )
    yield Figure(
        name="throughput",
        title="Throughput against batch size",
        caption="Images per second with one call after the other, slow calls included; bars are 95 % intervals. Higher "
        "is better.",
        needs="no throughput was measured and found comparable",
        plot=partial(speed.plot_throughput, cases, conditions),
    )
    yield Figure(
        name="streams",
        title="Throughput with several requests in flight",
        caption="Images per second, and the time from the start of a request to its end, against the streams of "
        "OpenVINO or the instances of a torch backend that share the threads, at the smallest batch. Bars are 95 % "
        "intervals.",
        needs="no throughput scenario was measured and found comparable (--scenarios throughput)",
        plot=partial(load.plot_streams, cases, conditions),
    )
    yield Figure(
        name="speedup",
        title="Speed-up over eager",
        caption="How many times as fast as eager PyTorch in the same turns; bars are 95 % intervals. A bar across "
        "the line at 1 means that the difference is not significant; a point without a bar has no interval.",
        needs="no backend was measured beside a comparable eager case",
        plot=partial(speed.plot_speedup, cases, conditions),
    )
    yield Figure(
        name="macs_latency",
        title="Multiply-adds against latency",
        caption="Each point is a model. Where the lines are steeper or flatter than one another, multiply-adds do not "
        "tell the time.",
        needs="it takes two models, or two resolutions, with their costs and comparable latencies",
        plot=partial(costs.plot_macs_latency, cases, cost, conditions),
    )
    yield Figure(
        name="accuracy",
        title="Published accuracy against cost and latency",
        caption="Top-1 accuracy on ImageNet as published, each model at its own input side, against multiply-adds and "
        "against the latency measured here. The weights timed here need not be the published ones.",
        needs="no model of this run has a published accuracy at the side it ran at",
        plot=partial(costs.plot_accuracy, cases, cost, top1, conditions),
    )
    yield Figure(
        name="paper_latency",
        title="Model pairs, beside the paper",
        caption="Published top-1 accuracy against the latency measured here, each model at its own input side, and "
        "against the latency that the paper printed for its own hardware: compare the shapes, not the milliseconds. "
        "The ratio of the pairs says how much longer the other takes; bars are 95 % intervals of turns taken side by "
        "side, and for the paper what rounding to whole milliseconds leaves open.",
        needs="no pair of models that the paper compares took turns at its batch size and their own sides",
        plot=partial(paper.plot_paper_latency, frames["model_pairs"], top1, conditions),
    )
    yield Figure(
        name="phases",
        title="Time until ready, and when it pays",
        caption="Phases before steady state, at the smallest batch. Images after which the extra cost over eager is "
        "paid back by the time saved.",
        needs="no comparable case has phases",
        plot=partial(phases.plot_phases, frames["phases"], conditions),
    )
    yield Figure(
        name="layers",
        title="Cost along the depth",
        caption="Multiply-adds and parameters of each layer from input to output, for at most four models; all are in "
        "layers.csv.",
        needs="no per-layer costs were recorded",
        plot=partial(costs.plot_layers, frames["layers"], _NOT_MEASURED),
    )
