"""A rank study as text for a terminal: what a reader wants before opening the page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.statistics.estimates import format_estimate
from reports.estimate_columns import read_estimate
from reports.rank.names import shorten_block
from reports.rank.network import FINAL_POINTS
from reports.terminal import render_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from reports.report import Frames

_RATIOS = (0.1, 0.2, 0.5, 1.0)
_SAME_RATIO = 1e-3


def render_layers(frames: Frames) -> Iterator[str]:
    """Distances from the paper, verdicts, and one table of ratios per protocol."""
    distances, claims, cells = frames["distances"], frames["claims"], frames["cells"]
    if len(distances):
        yield "mean |ours - paper| over figure 1 (rank correlation)"
        yield from _matrix(distances, "block", "protocol", _distance)
        yield ""
    if len(claims):
        yield "claims"
        yield from _matrix(claims, "claim", "protocol", _verdict)
        yield ""
    primary = cells[cells["primary"]]
    for protocol, part in primary.groupby("protocol", sort=False):
        first = part.iloc[0]
        metric = " ".join(filter(None, (first["metric"], first["centring"], first["tolerance"])))
        yield f"{protocol}: mean {metric} as a share of d_out, {first['networks']} networks"
        yield from _ratio_table(part)
        yield ""


def _matrix(frame: pd.DataFrame, down: str, across: str, describe: Callable[[Any], str]) -> list[str]:
    """A table with one row per value of `down` and one column per value of `across`."""
    heads = list(dict.fromkeys(frame[across]))
    cells = {(row[down], row[across]): describe(row) for row in frame.to_dict("records")}
    rows = [
        [shorten_block(label), *(cells.get((label, head), "") for head in heads)]
        for label in dict.fromkeys(frame[down])
    ]
    return render_rows(["", *heads], rows)


def _distance(row: Mapping[Any, Any]) -> str:
    correlation = row["rank_correlation"]
    return f"{_fix(row['mean_absolute_distance'])} ({'none' if math.isnan(correlation) else f'{correlation:+.2f}'})"


def _verdict(row: Mapping[Any, Any]) -> str:
    if not row["depends_on"]:
        return str(row["verdict"])
    if row["verdict"] == "depends on":
        return f"depends on {row['depends_on']}"
    return f"{row['verdict']} (differs by {row['depends_on']})"


def _ratio_table(part: pd.DataFrame) -> list[str]:
    """Means of the activations (rows) at a few ratios of each block (columns)."""
    blocks = list(dict.fromkeys(part["block"]))
    ratios = [ratio for ratio in _RATIOS if (abs(part["dimension_ratio"] - ratio) < _SAME_RATIO).any()]
    ratios = ratios or sorted(part["dimension_ratio"].unique())[:4]
    heads = [f"{shorten_block(block)}\n{_spread(f'{ratio:g}' for ratio in ratios)}" for block in blocks]
    rows = [
        [str(activation), *(_spread(map(_fix, _means(own[own["block"] == block], ratios))) for block in blocks)]
        for activation, own in part.groupby("activation", sort=False)
    ]
    return render_rows(["", *heads], rows)


def _spread(texts: Any) -> str:
    return "".join(f"{text:<6}" for text in texts).rstrip()


def _means(rows: pd.DataFrame, ratios: list[float]) -> Iterator[float]:
    for ratio in ratios:
        means = rows[abs(rows["dimension_ratio"] - ratio) < _SAME_RATIO]["mean"]
        yield means.iloc[0] if len(means) else math.nan


def render_network(frames: Frames) -> Iterator[str]:
    """One table of blocks per model, and what the classifier gets."""
    for model in frames["models"].to_dict("records"):
        blocks, taps = (frames[name][frames[name]["model"] == model["model"]] for name in ("blocks", "taps"))
        weights = f", weights {model['weights']}" if model["weights"] else ""
        yield f"{model['model']} at {_whole(model['resolution'])} px{weights}"
        if len(blocks):
            heads = ("block", "channels", "rank in -> expand -> act -> dw -> project -> out", "bound", "")
            yield from render_rows(heads, [_block_cells(row, taps) for row in blocks.to_dict("records")], right={3})
        yield from _final_lines(taps[taps["point"].isin(FINAL_POINTS)])
        yield ""


def _block_cells(block: Mapping[Any, Any], taps: pd.DataFrame) -> list[str]:
    channels = "-".join(_whole(block[name]) for name in ("c_in", "c_mid", "c_out"))
    points = ("in", "expand", "act", "depthwise", "project", "out")
    path = " -> ".join(f"{_whole(block[f'rank_{point}']):>4}" for point in points)
    flags = sorted({flag for text in taps[taps["block"] == block["block"]]["flags"] for flag in text.split()})
    return [str(block["block"]), channels, path, _whole(block["bound"]), " ".join(flags)]


def _final_lines(taps: pd.DataFrame) -> Iterator[str]:
    for row in taps.to_dict("records"):
        flags = f"  {row['flags']}" if row["flags"] else ""
        effective = "-" if math.isnan(row["effective_rank"]) else f"{row['effective_rank']:.1f}"
        yield (
            f"{row['tap']}: rank {_whole(row['rank'])} of {_whole(row['channels'])}, "
            f"effective rank, centred, {effective}{flags}"
        )


def render_trained(frames: Frames) -> Iterator[str]:
    """Means of every network beside the printed numbers, and the claims."""
    summary, runs = frames["summary"], frames["runs"]
    if len(summary):
        heads = ("network", "MMACs", "seeds", "accuracy [%], 95 %", "nuclear norm, 95 %", "in the paper")
        yield from render_rows(heads, map(_summary_cells, summary.to_dict("records")), right={1, 2, 3, 4})
    failed = runs[runs["status"] != "ok"]
    if len(failed):
        yield f"{len(failed)} of {len(runs)} runs failed and are left out"
    for row in frames["claims"].to_dict("records"):
        yield f"{row['claim']} {row['verdict']}: {row['text']} {row['detail']}".rstrip()


def _summary_cells(row: Mapping[Any, Any]) -> list[str]:
    return [
        row["label"] or row["network"],
        "-" if pd.isna(row["macs"]) else f"{row['macs'] / 1e6:.2f}",
        _whole(row["seeds"]),
        format_estimate(read_estimate(row, "accuracy"), scale=100),
        format_estimate(read_estimate(row, "nuclear_norm")),
        _printed(row),
    ]


def _printed(row: Mapping[Any, Any]) -> str:
    accuracy, norm = row["printed_accuracy"], row["printed_nuclear_norm"]
    words = [] if math.isnan(accuracy) else [f"{100 * accuracy:.1f} %"]
    return ", ".join(words if math.isnan(norm) else [*words, f"{norm:.1f}"])


def _fix(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _whole(value: Any) -> str:
    """A count; a dash where it is missing."""
    return "-" if pd.isna(value) else f"{value:.0f}"
