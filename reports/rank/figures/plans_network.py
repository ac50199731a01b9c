"""Which figures the network study has."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reports.drawing.figure import Figure
from reports.rank.figures import network_depth, network_spectra
from reports.rank.names import conditions_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    Frames = Mapping[str, pd.DataFrame]

_FOOT = (
    "image_kind", "image_count", "resolution", "batch_norm", "positions", "threads", "seed", "torch",
)  # fmt: skip
_TIMES = {name: f"layer_times.{name}" for name in ("batch", "threads", "passes", "method")}
_FINAL_POINTS = ("penultimate", "pooled")


def list_figures(frames: Frames) -> Iterator[Figure]:
    """The figures in the order of the page: along the depth, then spectra, then the join with cost and time."""
    taps, foot = frames["taps"], conditions_of(frames["settings"], "study", _FOOT)
    yield Figure(
        name="rank_blocks",
        title="Where rank is gained and where it is cut",
        caption="For every block the rank at each step on the way through it. Hollow bars are the channels there, so "
        "white above a filled bar is room that is not used; but hatched bars were measured on no more rows than "
        "channels, and can't reach them. The black mark is the most that algebra allows the block to give "
        "out.",
        needs="no block has ranks",
        plot=partial(network_depth.plot_blocks, frames["blocks"], taps, foot),
    )
    yield Figure(
        name="rank_profile",
        title="Rank along the depth",
        caption="Every tap, marked by its place in the block; the grey line is the number of channels. Rank counts "
        "directions above rounding, effective rank and k99 how evenly the variance is spread over them. On yellow "
        "ground there are too few rows: the number is partly one of the sample, and on darker yellow can't reach the "
        "channels.",
        needs="no tap has a rank",
        plot=partial(network_depth.plot_profile, taps, foot),
    )
    yield Figure(
        name="rank_aligned",
        title="Models side by side",
        caption="What leaves each block, as a share of its channels, the depth of every model stretched to 0 to 1. "
        "Hollow markers have too few rows.",
        needs="it takes two models",
        plot=partial(network_depth.plot_aligned, taps, foot),
    )
    final = [str(tap) for point in _FINAL_POINTS for tap in dict.fromkeys(taps[taps["point"] == point]["tap"])]
    yield Figure(
        name="rank_spectra",
        title="Singular values of the final feature",
        caption="Left: the portion of singular values up to a magnitude, relative to the largest; a curve further "
        "right has fewer small ones. Right: the same values in order. A step shows how many directions come from the "
        "last linear layer and how many from the activation. With fewer rows than channels the rest are zeros: the "
        "curve starts at their portion on the left and ends on the right.",
        needs="no spectrum was kept",
        plot=partial(network_spectra.plot_final_spectra, frames["spectra"], taps, final, foot),
    )
    yield Figure(
        name="rank_staircases",
        title="Rank at every tolerance",
        caption="The share of singular values above a tolerance. Where a curve is flat, the tolerance does not matter; "
        "where it falls steadily, any rank is a statement about the tolerance. The small upright marks are where "
        "rounding would cut. No curve rises above its rows over its channels.",
        needs="no spectrum was kept",
        plot=partial(network_spectra.plot_staircases, frames["curves"], frames["metrics"], foot),
    )
    yield Figure(
        name="rank_jacobian",
        title="Span rank beside Jacobian rank",
        caption="Squares: directions that the features span over many positions and images. Circles: directions in "
        "which the feature moves when the block's input moves a little, at one position. An activation can raise the "
        "first, not the second, which is at most the inputs in the receptive field: as many as channels come in until "
        "a 3x3 convolution widens it to nine times that.",
        needs="no Jacobian rank was computed",
        plot=partial(network_spectra.plot_jacobian, taps, foot),
    )
    yield Figure(
        name="rank_layer_shares",
        title="Cost, time and rank by layer",
        caption="Each layer's share of the multiply-adds, of the time of a forward pass (bars: 95 % intervals) and of "
        "the sum of all ranks, each tap counted once, at its last layer. Ranks with too few rows are too low, see Rank "
        "along the depth.",
        needs="fewer than two of multiply-adds, time and rank are known by layer",
        plot=partial(network_depth.plot_layer_shares, frames["layers"], f"{_time_conditions(frames)}{foot}"),
    )


def _time_conditions(frames: Frames) -> str:
    """How the layers were timed, once for all models timed alike; empty where no model was."""
    by_words: dict[str, list[str]] = {}
    for model in frames["models"]["model"]:
        own = frames["settings"][frames["settings"]["part"] == model]
        values = own.set_index("parameter")["value"].to_dict()
        words = [f"{name} {values[key]}".removeprefix("method ") for name, key in _TIMES.items() if key in values]
        if words:
            by_words.setdefault(", ".join(words), []).append(model)
    if len(by_words) == 1:
        return f"Times: {next(iter(by_words))}. "
    return "".join(f"Times of {', '.join(models)}: {words}. " for words, models in by_words.items())
