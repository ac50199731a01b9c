"""A study as text for a terminal: what a reader wants before opening the page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.statistics.estimates import format_estimate
from reports.estimate_columns import read_estimate
from reports.rank.frames import kind_of, rank_frames
from reports.rank.names import shorten_block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Frames = Mapping[str, pd.DataFrame]

_RATIOS = (0.1, 0.2, 0.5, 1.0)
_SAME_RATIO = 1e-3


def render_rank(document: Mapping[str, Any]) -> str:
    """The study in short.

    Args:
        document: What a rank study gave, as read from JSON.

    Raises:
        InputError: As `reports.rank.frames.rank_frames`.
    """
    render: dict[str, Callable[[Frames], Iterator[str]]] = {
        "layers": _layers,
        "network": _network,
        "trained": _trained,
    }
    return "\n".join(render[kind_of(document)](rank_frames(document))).rstrip()


def _layers(frames: Frames) -> Iterator[str]:
    distances, claims, cells = frames["distances"], frames["claims"], frames["cells"]
    if len(distances):
        yield "mean |ours - paper| over figure 1 (rank correlation)"
        yield from _matrix(
            distances, "block", "protocol", lambda row: f"{_fix(row['mean_absolute_distance'])} ({_correlation(row)})"
        )
        yield ""
    if len(claims):
        yield "claims"
        yield from _matrix(claims, "claim", "protocol", _verdict)
        yield ""
    shown = cells[cells["primary"]]
    for protocol, part in shown.groupby("protocol", sort=False):
        first = part.iloc[0]
        metric = " ".join(filter(None, (first["metric"], first["centring"], first["tolerance"])))
        yield f"{protocol}: mean {metric} as a share of d_out, {first['networks']} networks"
        yield from _ratio_table(part)
        yield ""


def _matrix(frame: pd.DataFrame, down: str, across: str, say: Callable[[Any], str]) -> Iterator[str]:
    """Lines of a table with one column per value of `across`."""
    heads = list(dict.fromkeys(frame[across]))
    cells = {(row[down], row[across]): say(row) for row in frame.to_dict("records")}
    labels = list(dict.fromkeys(frame[down]))
    first = max(len(shorten_block(label)) for label in labels)
    widths = [max(len(head), *(len(cells.get((label, head), "")) for label in labels)) for head in heads]
    yield _line("", first, heads, widths)
    for label in labels:
        yield _line(shorten_block(label), first, [cells.get((label, head), "") for head in heads], widths)


def _line(label: str, first: int, texts: Sequence[str], widths: Sequence[int]) -> str:
    texts = [text.ljust(width) for text, width in zip(texts, widths, strict=True)]
    return "  ".join([label.ljust(first), *texts]).rstrip()


def _correlation(row: Mapping[Any, Any]) -> str:
    value = row["rank_correlation"]
    return "none" if math.isnan(value) else f"{value:+.2f}"


def _verdict(row: Mapping[Any, Any]) -> str:
    if not row["depends_on"]:
        return str(row["verdict"])
    if row["verdict"] == "depends on":
        return f"depends on {row['depends_on']}"
    return f"{row['verdict']} (differs by {row['depends_on']})"


def _ratio_table(part: pd.DataFrame) -> Iterator[str]:
    blocks = list(dict.fromkeys(part["block"]))
    ratios = [ratio for ratio in _RATIOS if (abs(part["dimension_ratio"] - ratio) < _SAME_RATIO).any()]
    ratios = ratios or sorted(part["dimension_ratio"].unique())[:4]
    wide = max(6 * len(ratios), *(len(shorten_block(block)) for block in blocks))
    yield _line("", 10, [shorten_block(block) for block in blocks], [wide] * len(blocks))
    yield _line("", 10, ["".join(f"{ratio:<6g}" for ratio in ratios)] * len(blocks), [wide] * len(blocks))
    for activation in dict.fromkeys(part["activation"]):
        rows = part[part["activation"] == activation]
        texts = []
        for block in blocks:
            found = rows[rows["block"] == block]
            means = [found[abs(found["dimension_ratio"] - ratio) < _SAME_RATIO]["mean"] for ratio in ratios]
            texts.append("".join(f"{_fix(mean.iloc[0] if len(mean) else math.nan):<6}" for mean in means))
        yield _line(activation, 10, texts, [wide] * len(blocks))


def _network(frames: Frames) -> Iterator[str]:
    blocks, taps = frames["blocks"], frames["taps"]
    for row in frames["models"].to_dict("records"):
        weights = f", weights {row['weights']}" if row["weights"] else ""
        yield f"{row['model']} at {_whole(row['resolution'])} px{weights}"
        part = blocks[blocks["model"] == row["model"]]
        label = max([5, *(len(name) for name in part["block"])])
        if len(part):
            yield f"{'block':{label}}  channels        rank in -> expand -> act -> dw -> project -> out    bound"
        for block in part.to_dict("records"):
            yield _block_line(block, label, taps[taps["model"] == row["model"]])
        yield from _final_lines(taps[(taps["model"] == row["model"]) & taps["point"].isin(["penultimate", "pooled"])])
        yield ""


def _block_line(block: Mapping[Any, Any], label: int, taps: pd.DataFrame) -> str:
    channels = "-".join(_whole(block[name]) for name in ("c_in", "c_mid", "c_out"))
    points = ("in", "expand", "act", "depthwise", "project", "out")
    path = " -> ".join(f"{_whole(block[f'rank_{point}']):>4}" for point in points)
    flags = sorted({flag for text in taps[taps["block"] == block["block"]]["flags"] for flag in text.split()})
    words = f"{block['block']:{label}}  {channels:14}  {path}  {_whole(block['bound']):>5}  {' '.join(flags)}"
    return words.rstrip()


def _final_lines(taps: pd.DataFrame) -> Iterator[str]:
    for row in taps.to_dict("records"):
        flags = f"  {row['flags']}" if row["flags"] else ""
        effective = "-" if math.isnan(row["effective_rank"]) else f"{row['effective_rank']:.1f}"
        yield (
            f"{row['tap']}: rank {_whole(row['rank'])} of {_whole(row['channels'])}, "
            f"effective rank, centred, {effective}{flags}"
        )


def _trained(frames: Frames) -> Iterator[str]:
    summary, claims = frames["summary"], frames["claims"]
    labels = [row["label"] or row["network"] for row in summary.to_dict("records")]
    wide = max([7, *(len(label) for label in labels)])
    if labels:
        head = f"{'accuracy [%], 95 %':>20} {'nuclear norm, 95 %':>24}  in the paper"
        yield f"{'network':{wide}} {'MMACs':>7} {'seeds':>5} {head}"
    for label, row in zip(labels, summary.to_dict("records"), strict=True):
        accuracy = format_estimate(read_estimate(row, "accuracy"), scale=100)
        macs = "-" if pd.isna(row["macs"]) else f"{row['macs'] / 1e6:.2f}"
        yield (
            f"{label:{wide}} {macs:>7} {_whole(row['seeds']):>5} {accuracy:>20} "
            f"{format_estimate(read_estimate(row, 'nuclear_norm')):>24}  {_printed(row)}"
        ).rstrip()
    failed = frames["runs"][frames["runs"]["status"] != "ok"]
    if len(failed):
        yield f"{len(failed)} of {len(frames['runs'])} runs failed and are left out"
    for row in claims.to_dict("records"):
        yield f"{row['claim']} {row['verdict']}: {row['text']} {row['detail']}".rstrip()


def _printed(row: Mapping[Any, Any]) -> str:
    accuracy, norm = row["printed_accuracy"], row["printed_nuclear_norm"]
    words = [] if math.isnan(accuracy) else [f"{100 * accuracy:.1f} %"]
    return ", ".join(words if math.isnan(norm) else [*words, f"{norm:.1f}"])


def _fix(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _whole(value: Any) -> str:
    """A count; a dash where it is missing."""
    return "-" if pd.isna(value) else f"{value:.0f}"
