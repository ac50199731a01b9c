"""The page of a census: what works first, then why not, then every row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reports.census import statuses
from reports.census.frames import TABLES
from reports.census.text import summarise
from reports.page.sections import Section
from reports.page.templates import render_page
from reports.texts import load_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from analysis.study import Study
    from reports.drawing.picture import Picture

    Frames = Mapping[str, pd.DataFrame]

_HEADS = {
    "macs": "multiply-adds [M]",
    "params": "parameters [M]",
    "resolution": "input [px]",
    "relative_error": "relative error",
    "took_s": "census spent [s]",
}
_PRINTED = "timm's GMACs"
_LISTED = ("status", "backend", "family", "source")
_MOST_REASON = 200


def render_census_page(study: Study, frames: Frames, pictures: Sequence[Picture]) -> str:
    """The report as HTML.

    Args:
        study: The census.
        frames: As from `reports.census.frames.census_frames`.
        pictures: The drawn figure.
    """
    rows = frames["rows"]
    return render_page(
        "census/page.html.j2",
        kind="census",
        title="rexbench: census",
        pictures=pictures,
        sections=_sections(frames),
        summary=summarise(study, rows),
        settings=_list_settings(study),
        stopped=study.stopped,
        statuses=[
            {"badge": statuses.badge(name), "meaning": look.meaning, "colour": look.colour, "place": _place(name)}
            for name, look in statuses.LOOKS.items()
        ],
        counts=_count(rows),
    )


def _count(rows: pd.DataFrame) -> list[tuple[str, list[int]]]:
    """How many rows of each backend have each status, in the order of `statuses.LOOKS`."""
    return [
        (backend, [int((rows[rows["backend"] == backend]["status"] == name).sum()) for name in statuses.LOOKS])
        for backend in dict.fromkeys(rows["backend"])
    ]


def _list_settings(study: Study) -> list[tuple[str, str]]:
    told = {**study.settings, **study.settings.get("versions", {})}
    told.pop("versions", None)
    return [
        (name, " ".join(map(str, value)) if isinstance(value, list) else str(value))
        for name, value in told.items()
        if value not in (None, [], "", False)
    ]


def _sections(frames: Frames) -> Iterator[Section]:
    texts = load_texts("census")["sections"]
    views = {
        "families": _view_families(frames["families"]),
        "reasons": _view_reasons(frames["reasons"]),
        "rows": _view_rows(frames["rows"]),
    }
    badges = {statuses.badge(name): f"badge status-{_place(name)}" for name in statuses.LOOKS}
    meanings = {_HEADS.get(name, name): column.meaning for name, column in TABLES["rows"].items()}
    meanings[_PRINTED] = "what timm's tables print, and whether the count under their rules gives it"
    for name, view in views.items():
        yield Section(name=name, table=view, badges={"status": badges}, lists=_LISTED, meanings=meanings, **texts[name])


def _place(status: str) -> int:
    return list(statuses.LOOKS).index(status)


def _view_families(families: pd.DataFrame) -> pd.DataFrame:
    """A line for each family, with how many of its models are ok on each backend; the least share comes first."""
    lines: dict[str, dict[str, Any]] = {}
    for row in families.to_dict("records"):
        line = lines.setdefault(row["family"], {"family": row["family"], "models": row["models"]})
        line[f"ok on {row['backend']}"] = row["ok"]
    works = {name: min(n for head, n in line.items() if head.startswith("ok on ")) for name, line in lines.items()}
    ordered = sorted(lines, key=lambda name: works[name] / lines[name]["models"])
    return pd.DataFrame([lines[name] for name in ordered])


def _view_reasons(reasons: pd.DataFrame) -> pd.DataFrame:
    view = reasons.rename(columns={"kind": "reason"})
    view["status"] = [statuses.badge(name) for name in view["status"]]
    return view


def _view_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """What the table shows of every row, what does not work first."""
    works = (rows["status"] == "ok").to_numpy()
    rows = rows.iloc[np.argsort(works, kind="stable")]
    view = rows[["model", "family", "backend"]].copy()
    view["status"] = [statuses.badge(name) for name in rows["status"]]
    view["why"] = [_why(row) for row in rows.to_dict("records")]
    view[_HEADS["resolution"]] = rows["shape"].where(
        rows["shape"] != "", rows["resolution"].astype("string").fillna("")
    )
    for name in ("params", "macs"):
        view[_HEADS[name]] = rows[name].astype("Float64").astype(float) / 1e6
    if (rows["published_gmacs"] != "").any():
        view[_PRINTED] = (rows["published_gmacs"] + " " + rows["gmacs_verdict"]).str.strip()
    view[_HEADS["relative_error"]] = rows["relative_error"]
    view[_HEADS["took_s"]] = rows["took_s"]
    return view


def _why(row: Mapping[Any, Any]) -> str:
    uncounted = f"not counted: {row['uncounted']}" if row["uncounted"] else ""
    texts = [text[:_MOST_REASON] for text in (row["reason"], row["refused"], uncounted) if text]
    return "; ".join(texts)
