"""A census as text for a terminal: how many of each status, and why what does not work does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.census import statuses
from reports.census.frames import census_frames
from reports.terminal import render_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from analysis.study import Study

_LONGEST = 200


def render_census(study: Study) -> str:
    """The counts by backend, then each kind of reason with some of its models."""
    frames = census_frames(study)
    parts = [
        list(_count(study, frames["rows"])),
        list(_explain(frames["reasons"])),
        list(_list_refusals(frames["rows"])),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def summarise(study: Study, rows: pd.DataFrame) -> str:
    """What was checked, in a sentence or two."""
    if rows.empty:
        return "No model was checked."
    payload, side = study.payload, study.settings.get("resolution")
    counted = rows.drop_duplicates("model")["macs"].notna().sum()
    stopped = f" of {payload['listed']}" if study.stopped else ""
    own = rows[rows["refused"] != ""]["model"].nunique()
    at = f"{own} of them at their own side instead of {side} px; " if own else ""
    verdicts = rows.drop_duplicates("model")["gmacs_verdict"].value_counts()
    judged = ", ".join(f"{count} {name}" for name, count in verdicts.items() if name)
    printed = f" GMACs that timm's tables print: {judged}." if judged else ""
    return f"{payload['checked']}{stopped} models were checked, {at}{counted} could be counted.{printed}"


def _count(study: Study, rows: pd.DataFrame) -> Iterator[str]:
    yield summarise(study, rows)
    if rows.empty:
        return
    yield ""
    names = statuses.order(rows["status"])
    counts = rows.groupby(["backend", "status"]).size()
    cells = [
        [backend, *(str(counts.get((backend, name), 0) or ".") for name in names)]
        for backend in dict.fromkeys(rows["backend"])
    ]
    yield from render_rows(["backend", *names], cells, right=range(1, len(names) + 1))


def _explain(reasons: pd.DataFrame) -> Iterator[str]:
    for row in reasons.to_dict("records"):
        yield f"{row['backend']} {row['status']} ({row['models']}): {row['kind']}"
        yield f"  {row['examples']}"


def _list_refusals(rows: pd.DataFrame) -> Iterator[str]:
    refused = rows[rows["refused"] != ""].drop_duplicates("model")
    for row in refused.to_dict("records"):
        yield f"{row['model']} was checked at {row['shape'] or row['resolution']}; {row['refused']}"[:_LONGEST]
