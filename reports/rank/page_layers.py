"""What the page of the layer study says."""

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
    group_settings,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

_PROTOCOLS = (
    "Protocols",
    (
        "literal reads the paper's text as it stands; closest is the setting, of all that were tried, whose curves are "
        "nearest to the paper's figure, which by itself makes it no better founded; sensitivity varies what the paper "
        "leaves open and counts how often each claim held where it was shown to hold or to fail. The thresholds in the "
        "rules are ours: the paper says it in words."
    ),
)
_BOUND = (
    "Bound",
    (
        "An inverted bottleneck ends in a linear projection, so its rank is at most the channels between expansion and "
        "projection plus, with a shortcut, its input channels, whatever the activation or the tolerance."
    ),
)
_ONE_POSITION = (
    "Maps of one position",
    (
        "With spatial 1 a 3x3 kernel meets the input with its centre alone, and a depthwise one is a diagonal matrix: "
        "there the 3x3 panel is a 1x1 convolution with other weights. Only settings with spatial above 1 can tell the "
        "two apart."
    ),
)
_DIGITISED = (
    "The paper's points",
    (
        "Read off the picture of figure 1: good to about 0.003 in the upper two panels and 0.008 in the lower two. "
        "Points that lie under another curve are missing."
    ),
)

#: Columns with the same value in every row, which the intro gives once.
_OF_SEARCH = ["settings_tried", "views_tried", "validated_distance"]


def describe(frames: Mapping[str, pd.DataFrame]) -> RankPage:
    """The page of the layer study.

    Args:
        frames: Tables of the study by name.
    """
    cells = frames["cells"]
    return RankPage(
        title="Rank of random layers",
        lead="Rank of the output of random layers and blocks against the ratio of their input to output channels, "
        "after figure 1 of Han et al., Rethinking Channel Dimensions for Efficient Model Design (CVPR 2021, arXiv "
        "2007.00992).",
        doubts=_doubts(frames),
        verdict=_verdict(frames["claims"]),
        sections=(
            Section(
                name="distances",
                heading="Distance from the paper",
                intro="Mean absolute distance from the digitised figure, and whether the order of the points agrees.",
                table=frames["distances"].rename(columns=spell),
                missing="Nothing was compared with the paper's figure.",
                meanings=spell_meanings(columns.DISTANCES),
            ),
            Section(
                name="curves",
                heading="The curves",
                intro="The number that figure 1 is about, for every block, activation and ratio; all other metrics, "
                "tolerances and centrings are in cells.csv.",
                table=_view_cells(cells[cells["primary"]]),
                missing="No number was computed.",
                meanings=spell_meanings(columns.CELLS),
            ),
            Section(
                name="exact",
                heading="Exact rank",
                intro="Rank in integer arithmetic beside the numerical rank of the same features, as shares of d_out.",
                table=frames["exact"].rename(columns=spell),
                missing="No exact rank was computed.",
                meanings=spell_meanings(columns.EXACT),
            ),
            Section(
                name="search",
                heading="Nearest settings",
                intro=_search_intro(frames["search"]),
                table=frames["search"].drop(columns=_OF_SEARCH).rename(columns=spell),
                missing="No search for the setting nearest to the figure belongs to this study.",
                meanings=spell_meanings(columns.SEARCH),
            ),
        ),
        settings=group_settings(frames["settings"]),
        reading=(_PROTOCOLS, *RANK_WORDS, _BOUND, _ONE_POSITION, _DIGITISED),
    )


def _doubts(frames: Mapping[str, pd.DataFrame]) -> tuple[str, ...]:
    settings = frames["settings"]
    cut = settings[(settings["parameter"] == "stopped by") & (settings["value"] == "interrupted")]["part"]
    found = [
        "The study was interrupted; what it had not come to is missing."
        if part == "study"
        else f"Protocol {part} was interrupted; its numbers are those of the networks finished by then."
        for part in cut
    ]
    if len(frames["search"]):
        found.append(
            "The protocol closest was picked from many for being near the figure. Its distance is flattering, and "
            "that it is near does not show that the authors did the same."
        )
    return tuple(found)


def _verdict(claims: pd.DataFrame) -> VerdictTable:
    protocols = list(dict.fromkeys(claims["protocol"]))
    rows = []
    for claim, part in claims.groupby("claim", sort=False):
        first = part.iloc[0]
        found = {row["protocol"]: _cell(row) for row in part.to_dict("records")}
        rows.append(
            (
                Cell(strong=str(claim), text=first["text"], soft=f"Rule: {first['rule']}."),
                *(found.get(protocol, Cell(text="not tested")) for protocol in protocols),
            )
        )
    return VerdictTable(
        heading="What became of the claims",
        intro="Each claim of the paper, the rule by which it was tested, and what was found under each protocol. A "
        "claim that holds or fails at the protocol's own tolerance and not at others says so.",
        heads=("claim", *protocols),
        rows=tuple(rows),
        missing="No claim was tested in this study.",
    )


def _cell(row: Mapping[Any, Any]) -> Cell:
    words = row["depends_on"]
    if not words:
        return Cell(strong=row["verdict"], soft=row["detail"])
    text = words if row["verdict"] == "depends on" else f"(otherwise with another {words.replace(', ', ' or ')})"
    return Cell(strong=row["verdict"], text=text, soft=row["detail"])


def _view_cells(cells: pd.DataFrame) -> pd.DataFrame:
    view = cells[["protocol", "block", "activation", "dimension_ratio", "mean"]].rename(columns=spell)
    view["95 % interval"] = between(cells, "low", "high")
    view["difference"] = cells["difference"]
    view["difference, 95 % interval"] = between(cells, "difference_low", "difference_high")
    view["networks"] = cells["networks"]
    return view


def _search_intro(search: pd.DataFrame) -> str:
    tried, views, again = (search[name].dropna() for name in _OF_SEARCH)
    seen = f", each at several tolerances and centrings, {views.iloc[0]} views in all" if len(views) else ""
    many = f"{tried.iloc[0]} settings were tried{seen}. " if len(tried) else ""
    fresh = f" On fresh networks the nearest has distance {again.iloc[0]:.4f}." if len(again) else ""
    return f"{many}Distance is the mean absolute distance from the paper's figure, each panel weighing the same.{fresh}"
