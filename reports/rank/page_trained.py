"""What the page of the trained check says."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

_WORDS = (
    (
        "Nuclear norm",
        (
            "The sum of the singular values of the final feature. It grows with the scale of the features and with the "
            "number of rows, so two networks compare by it only if these are alike; over the largest singular value it "
            "does not depend on the scale."
        ),
    ),
    (
        "Printed",
        (
            "What the paper prints for its own networks, trained on CIFAR-100. The data here are other and far "
            "smaller: the direction of a step can be compared, its size can't."
        ),
    ),
)


def describe(frames: Mapping[str, pd.DataFrame]) -> RankPage:
    """The page of the trained check.

    Args:
        frames: Tables of the study by name.
    """
    pairs = frames["pairs"]
    view = pairs[["first", "second", "metric", "difference"]].copy()
    view["95 % interval"] = between(pairs, "low", "high")
    view[["seeds", "wins"]] = pairs[["seeds", "wins"]]
    return RankPage(
        title="Rank and accuracy of small trained networks",
        lead="The four steps of table 2 of Han et al. (CVPR 2021, arXiv 2007.00992) at equal multiply-adds, and the "
        "best and worst configuration of its table 3(a), trained from scratch on a small data set with several seeds.",
        doubts=_doubts(frames),
        verdict=_verdict(frames["claims"]),
        sections=(
            Section(
                name="summary",
                heading="Networks",
                intro="Means over seeds with 95 % intervals, beside what the paper prints for other data.",
                table=_view_summary(frames["summary"]),
                missing="No network was trained.",
            ),
            Section(
                name="pairs",
                heading="Differences",
                intro="Second minus first, paired by seed; wins counts the seeds in which second is the larger.",
                table=view,
                missing="No two networks share a seed.",
                meanings=spell_meanings(columns.PAIRS),
            ),
            Section(
                name="runs",
                heading="Runs",
                intro="Every network and seed; a run that failed takes part in nothing else.",
                table=frames["runs"].rename(columns=spell),
                missing="There is no run.",
                meanings=spell_meanings(columns.RUNS),
            ),
        ),
        settings=group_settings(frames["settings"]),
        reading=(*_WORDS, *RANK_WORDS),
    )


def _doubts(frames: Mapping[str, pd.DataFrame]) -> tuple[str, ...]:
    runs, settings = frames["runs"], frames["settings"]
    failed = runs[runs["status"] != "ok"]
    doubts = ["A small data set and small networks: what holds here need not hold at scale, nor what fails here fail."]
    if ((settings["parameter"] == "stopped by") & (settings["value"] == "interrupted")).any():
        doubts.append("The check was interrupted; the same call resumes it after the finished runs.")
    if len(failed):
        words = ", ".join(
            f"{row['network']} seed {row['seed']} ({row['reason'] or row['status']})"
            for row in failed.to_dict("records")[:5]
        )
        doubts.append(f"{len(failed)} of {len(runs)} runs failed and are left out: {words}.")
    return tuple(doubts)


def _verdict(claims: pd.DataFrame) -> VerdictTable:
    return VerdictTable(
        heading="What became of the claims",
        intro="Each claim, the rule by which it was tested, and what was found.",
        heads=("claim", "verdict", "what showed it"),
        rows=tuple(
            (
                Cell(strong=row["claim"], text=row["text"], soft=f"Rule: {row['rule']}."),
                Cell(strong=row["verdict"]),
                Cell(text=row["detail"]),
            )
            for row in claims.to_dict("records")
        ),
        missing="No claim was tested in this study.",
    )


def _view_summary(summary: pd.DataFrame) -> pd.DataFrame:
    view = summary[["group", "network", "label"]].copy()
    view["multiply-adds [MMACs]"] = summary["macs"].astype(float) / 1e6
    view["parameters"] = summary["params"]
    view["seeds"] = summary["seeds"]
    view["accuracy [%]"] = 100 * summary["accuracy"]
    view["accuracy, 95 % interval"] = between(summary, "accuracy_low", "accuracy_high", 100)
    view["nuclear norm"] = summary["nuclear_norm"]
    view["nuclear norm, 95 % interval"] = between(summary, "nuclear_norm_low", "nuclear_norm_high")
    view["printed accuracy [%]"] = 100 * summary["printed_accuracy"]
    view["printed nuclear norm"] = summary["printed_nuclear_norm"]
    return view
