"""What the page of the network study says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.rank.network import FINAL_POINTS
from reports.rank.page_records import Cell, RankPage, between, build_page, describe_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

_TAP_COLUMNS = (
    "model", "tap", "channels", "rank", "bound", "effective_rank", "k99", "jacobian_rank", "rows", "images",
    "positions_per_image", "bound_reason", "flags",
)  # fmt: skip


def describe(frames: Mapping[str, pd.DataFrame]) -> RankPage:
    """The page of the network study.

    Args:
        frames: Tables of the study by name.
    """
    taps = frames["taps"]
    return build_page(
        "network",
        frames["settings"],
        doubts=_doubts(taps),
        verdicts=(_model_row(model, frames) for model in frames["models"].to_dict("records")),
        views={
            "blocks": (_without_empty(frames["blocks"]), "blocks"),
            "taps": (_without_empty(taps[list(_TAP_COLUMNS)]), "taps"),
            "layers": (_view_layers(frames["layers"]), "layers"),
        },
    )


def _doubts(taps: pd.DataFrame) -> Iterator[str]:
    few, limited = taps[taps["few_rows"]], taps[taps["sample_limited"]]
    broken = taps[taps["flags"].str.contains("non_finite")]
    if len(limited):
        yield (
            f"{len(limited)} of {len(taps)} taps have no more rows than channels: their rank can't reach the "
            "channels, whatever the layer does. More images help."
        )
    if len(few) > len(limited):
        yield (
            f"{len(few) - len(limited)} of {len(taps)} taps have more rows than channels, but fewer than four per "
            "channel, so their ranks are partly those of the sample."
        )
    if len(broken):
        yield f"{len(broken)} taps held NaN or infinity and have no rank: {', '.join(broken['tap'][:5])}."


def _model_row(model: Mapping[Any, Any], frames: Mapping[str, pd.DataFrame]) -> tuple[Cell, ...]:
    taps, blocks = (frames[name][frames[name]["model"] == model["model"]] for name in ("taps", "blocks"))
    final = taps[taps["point"].isin(FINAL_POINTS)].to_dict("records")
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
    view["time, 95 % interval"] = between(layers, "time_share", 100)
    view["rank"] = layers["rank"]
    view["tap"] = layers["tap"]
    return view


def _without_empty(frame: pd.DataFrame) -> pd.DataFrame:
    """Without the columns that no row has, as blocks of one family lack what others have."""
    return frame.loc[:, [bool((frame[name].notna() & (frame[name] != "")).any()) for name in frame.columns]]
