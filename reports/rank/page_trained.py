"""What the page of the trained check says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.rank.page_records import Cell, RankPage, between, build_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd


def describe(frames: Mapping[str, pd.DataFrame]) -> RankPage:
    """The page of the trained check.

    Args:
        frames: Tables of the study by name.
    """
    pairs = frames["pairs"]
    view = pairs[["first", "second", "metric", "difference"]].copy()
    view["95 % interval"] = between(pairs, "")
    view[["seeds", "wins"]] = pairs[["seeds", "wins"]]
    return build_page(
        "trained",
        frames["settings"],
        doubts=_doubts(frames),
        verdicts=map(_verdict, frames["claims"].to_dict("records")),
        views={
            "summary": (_view_summary(frames["summary"]), ""),
            "pairs": (view, "pairs"),
            "runs": (frames["runs"], "runs"),
        },
    )


def _doubts(frames: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    runs, settings = frames["runs"], frames["settings"]
    failed = runs[runs["status"] != "ok"]
    yield "A small data set and small networks: what holds here need not hold at scale, nor what fails here fail."
    if ((settings["parameter"] == "stopped by") & (settings["value"] == "interrupted")).any():
        yield "The check was interrupted; the same call resumes it after the finished runs."
    if len(failed):
        words = ", ".join(
            f"{row['network']} seed {row['seed']} ({row['reason'] or row['status']})"
            for row in failed.to_dict("records")[:5]
        )
        yield f"{len(failed)} of {len(runs)} runs failed and are left out: {words}."


def _verdict(claim: Mapping[Any, Any]) -> tuple[Cell, ...]:
    return (
        Cell(strong=claim["claim"], text=claim["text"], soft=f"Rule: {claim['rule']}."),
        Cell(strong=claim["verdict"]),
        Cell(text=claim["detail"]),
    )


def _view_summary(summary: pd.DataFrame) -> pd.DataFrame:
    view = summary[["group", "network", "label"]].copy()
    view["multiply-adds [MMACs]"] = summary["macs"].astype(float) / 1e6
    view["parameters"] = summary["params"]
    view["seeds"] = summary["seeds"]
    view["accuracy [%]"] = 100 * summary["accuracy"]
    view["accuracy, 95 % interval"] = between(summary, "accuracy", 100)
    view["nuclear norm"] = summary["nuclear_norm"]
    view["nuclear norm, 95 % interval"] = between(summary, "nuclear_norm")
    view["printed accuracy [%]"] = 100 * summary["printed_accuracy"]
    view["printed nuclear norm"] = summary["printed_nuclear_norm"]
    return view
