"""What the page of the network study says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.page.sections import Section
from reports.rank import columns
from reports.rank.names import spell, spell_meanings
from reports.rank.page_records import (
    RANK_WORDS,
    Cell,
    RankPage,
    VerdictTable,
    between,
    describe_number,
    group_settings,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

_FINAL_POINTS = ("pooled", "penultimate")
_WORDS = (
    (
        "Jacobian rank",
        (
            "The rank of the derivative of a feature by the block's input at one position (Feng et al., arXiv "
            "2206.06072). It can't exceed the inputs in the receptive field, while the span over many positions can: "
            "both are right, they ask differently."
        ),
    ),
    ("k99", "The fewest directions that hold 99 % of the variance of the centred features."),
    (
        "Bound",
        (
            "The most that algebra allows given the rank that comes in: a 1x1 convolution can't raise the rank, a k x "
            "k one at most k x k times, and no tap has more than its channels or its rows."
        ),
    ),
    (
        "One more than comes in",
        (
            "The shift of a batch norm is the same in every row and adds one direction, the constant, to uncentred "
            "features. So the rank after a 1x1 expansion and its norm is often one above that of its input."
        ),
    ),
    (
        "Flags",
        (
            "sample_limited: fewer rows than channels, so the rank can't reach them; few_rows: fewer than four per "
            "channel; no_gap: the cut lies between values of like size; tolerance_dominated: another tolerance gives "
            "another rank; non_finite: the features held NaN or infinity; above_bound: rounding counts as rank."
        ),
    ),
)
_TAP_COLUMNS = (
    "model", "tap", "channels", "rank", "bound", "effective_rank", "k99", "jacobian_rank", "rows", "images",
    "positions_per_image", "bound_reason", "flags",
)  # fmt: skip


def describe(frames: Mapping[str, pd.DataFrame]) -> RankPage:
    """The page of the network study.

    Args:
        frames: Tables of the study by name.
    """
    blocks, taps = frames["blocks"], frames["taps"]
    return RankPage(
        title="Rank along a network",
        lead="Rank of the features of whole networks on images: where it is gained, where it is cut, and what the "
        "classifier gets.",
        doubts=_doubts(taps),
        verdict=_verdict(frames),
        sections=(
            Section(
                name="blocks",
                heading="Block by block",
                intro="Channels and rank on the way through every block; gained and cut name the step that changed "
                "most.",
                table=_without_empty(blocks),
                missing="The networks have no blocks that are known.",
                meanings=spell_meanings(columns.BLOCKS),
            ),
            Section(
                name="taps",
                heading="Tap by tap",
                intro="Every place at which features were taken; each metric at each tolerance is in metrics.csv.",
                table=_without_empty(taps[list(_TAP_COLUMNS)]),
                missing="No features were taken.",
                meanings=spell_meanings(columns.TAPS),
            ),
            Section(
                name="layers",
                heading="Cost, time and rank by layer",
                intro="Multiply-adds are counted, times measured in the eager forward pass, ranks taken at the layer's "
                "output.",
                table=_view_layers(frames["layers"]),
                missing="No layer was joined with its cost.",
                meanings=spell_meanings(columns.LAYERS),
            ),
        ),
        settings=group_settings(frames["settings"]),
        reading=(*RANK_WORDS, *_WORDS),
    )


def _doubts(taps: pd.DataFrame) -> tuple[str, ...]:
    few, limited = taps[taps["few_rows"]], taps[taps["sample_limited"]]
    broken = taps[taps["flags"].str.contains("non_finite")]
    found = []
    if len(limited):
        found.append(
            f"{len(limited)} of {len(taps)} taps have no more rows than channels: their rank can't reach the "
            "channels, whatever the layer does. More images help."
        )
    if len(few) > len(limited):
        found.append(
            f"{len(few) - len(limited)} of {len(taps)} taps have more rows than channels, but fewer than four per "
            "channel, so their ranks are partly those of the sample."
        )
    if len(broken):
        found.append(f"{len(broken)} taps held NaN or infinity and have no rank: {', '.join(broken['tap'][:5])}.")
    return tuple(found)


def _verdict(frames: Mapping[str, pd.DataFrame]) -> VerdictTable:
    rows = [_model_row(model, frames) for model in frames["models"].to_dict("records")]
    return VerdictTable(
        heading="What was found",
        intro="For each model: what the classifier gets, and what its blocks do with the rank that comes in.",
        heads=("model", "final feature", "blocks"),
        rows=tuple(rows),
        missing="No model was studied.",
    )


def _model_row(model: Mapping[Any, Any], frames: Mapping[str, pd.DataFrame]) -> tuple[Cell, ...]:
    taps, blocks = (frames[name][frames[name]["model"] == model["model"]] for name in ("taps", "blocks"))
    final = taps[taps["point"].isin(_FINAL_POINTS)].to_dict("records")
    what = f"{describe_number(model['resolution'])} px, {describe_number(model['params'], '{:,.0f}')} parameters"
    sentences = [
        f"{row['tap']}: rank {describe_number(row['rank'])} of {describe_number(row['channels'])}, effective rank "
        f"{describe_number(row['effective_rank'], '{:.1f}')}{_warn(row)}"
        for row in final
    ]
    return (
        Cell(strong=str(model["model"]), text=what, soft=f"weights: {model['weights'] or 'not known'}"),
        Cell(text="; ".join(sentences) or "not tapped"),
        Cell(text=_blocks_in_words(blocks)),
    )


def _warn(row: Mapping[Any, Any]) -> str:
    return f" (capped by {describe_number(row['rows'])} rows)" if row["sample_limited"] else ""


def _blocks_in_words(blocks: pd.DataFrame) -> str:
    known = blocks[blocks["rank_in"].notna() & blocks["rank_out"].notna()]
    if known.empty:
        return "no block has a rank"
    grown = int((known["rank_out"] > known["rank_in"]).sum())
    full = int((known["rank_out"] >= known[["c_out", "bound"]].astype(float).min(axis=1)).sum())
    return f"{grown} of {len(known)} give out more rank than comes in; {full} reach their channels or their bound"


def _view_layers(layers: pd.DataFrame) -> pd.DataFrame:
    view = layers[["model", "index", "layer", "kind"]].copy()
    view["multiply-adds [MMACs]"] = layers["macs"].astype(float) / 1e6
    view["multiply-adds [%]"] = 100 * layers["macs_share"]
    view["time [%]"] = 100 * layers["time_share"]
    view["time, 95 % interval"] = between(layers, "time_share_low", "time_share_high", 100)
    view["rank"] = layers["rank"]
    view["tap"] = layers["tap"]
    return view


def _without_empty(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame as the page shows it; what no row has is no column, as blocks of one family lack what others have."""
    kept = frame.loc[:, [bool((frame[name].notna() & (frame[name] != "")).any()) for name in frame.columns]]
    return kept.rename(columns=spell)
