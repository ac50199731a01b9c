"""What the page of the layer study says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.rank.page_records import Cell, RankPage, between, build_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

#: Columns with the same value in every row, which the intro gives once.
_OF_SEARCH = ["settings_tried", "views_tried", "validated_distance"]


def describe(frames: Mapping[str, pd.DataFrame]) -> RankPage:
    """The page of the layer study.

    Args:
        frames: Tables of the study by name.
    """
    cells, claims, search = frames["cells"], frames["claims"], frames["search"]
    protocols = list(dict.fromkeys(claims["protocol"]))
    return build_page(
        "layers",
        frames["settings"],
        doubts=_doubts(frames),
        heads=protocols,
        verdicts=_verdicts(claims, protocols),
        views={
            "distances": (frames["distances"], "distances"),
            "curves": (_view_cells(cells[cells["primary"]]), "cells"),
            "exact": (frames["exact"], "exact"),
            "search": (search.drop(columns=_OF_SEARCH), "search"),
        },
        **_describe_search(search),
    )


def _doubts(frames: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    settings = frames["settings"]
    for part in settings[(settings["parameter"] == "stopped by") & (settings["value"] == "interrupted")]["part"]:
        if part == "study":
            yield "The study was interrupted; what it had not come to is missing."
        else:
            yield f"Protocol {part} was interrupted; its numbers are those of the networks finished by then."
    if len(frames["search"]):
        yield (
            "The protocol closest was picked from many for being near the figure. Its distance is flattering, and "
            "that it is near does not show that the authors did the same."
        )


def _verdicts(claims: pd.DataFrame, protocols: list[str]) -> Iterator[tuple[Cell, ...]]:
    for claim, part in claims.groupby("claim", sort=False):
        first = part.iloc[0]
        cells = {row["protocol"]: _cell(row) for row in part.to_dict("records")}
        yield (
            Cell(strong=str(claim), text=first["text"], soft=f"Rule: {first['rule']}."),
            *(cells.get(protocol, Cell(text="not tested")) for protocol in protocols),
        )


def _cell(row: Mapping[Any, Any]) -> Cell:
    words = row["depends_on"]
    if not words:
        return Cell(strong=row["verdict"], soft=row["detail"])
    text = words if row["verdict"] == "depends on" else f"(otherwise with another {words.replace(', ', ' or ')})"
    return Cell(strong=row["verdict"], text=text, soft=row["detail"])


def _view_cells(cells: pd.DataFrame) -> pd.DataFrame:
    view = cells[["protocol", "block", "activation", "dimension_ratio", "mean"]].copy()
    view["95 % interval"] = between(cells, "")
    view["difference"] = cells["difference"]
    view["difference, 95 % interval"] = between(cells, "difference")
    view["networks"] = cells["networks"]
    return view


def _describe_search(search: pd.DataFrame) -> dict[str, str]:
    tried, views, again = (search[name].dropna() for name in _OF_SEARCH)
    seen = f", each at several tolerances and centrings, {views.iloc[0]} views in all" if len(views) else ""
    return {
        "tried": f"{tried.iloc[0]} settings were tried{seen}. " if len(tried) else "",
        "again": f" On fresh networks the nearest has distance {again.iloc[0]:.4f}." if len(again) else "",
    }
