"""The page on published numbers: self-contained, with the verdicts first and every convention to explore."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.published.verdict import VERDICTS
from reports.page.sections import Section
from reports.page.templates import embed_file, render_page
from reports.published import explorer, styles
from reports.published.amounts import name_metric, show_ours, show_printed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.drawing.picture import Picture

    Frames = Mapping[str, pd.DataFrame]

#: What a reader looks for first stands first in the table.
_ORDER = ("contradicted", "open", "explained", "reproduced", "needs data", "needs hardware")
_COUNTED = ("reproduced", "explained", "contradicted", "open")
_MEANINGS = {
    "printed": "the number digit for digit",
    "ours": "our count in the printed unit, with two digits more",
    "difference [%]": "printed minus ours, of what was printed",
    "counted as": "the convention of ours",
    "where and why": "place in the source and its conditions, how the source says it counted, the reason of the "
    "verdict, and what would check the number",
}
#: Step to which differences are rounded [%]; a smaller difference is shown with two significant digits.
_DECIMALS = 3
_LISTED = ("verdict", "source", "model", "metric", "counted as")


def render_published_page(frames: Frames, pictures: Sequence[Picture]) -> str:
    """The report as HTML.

    Args:
        frames: As from `reports.published.published_frames`.
        pictures: As from `reports.published.figures.plot_published`.
    """
    verdicts = _verdicts(frames["rows"])
    titles = explorer.name_conventions(frames)
    return render_page(
        "published/page.html.j2",
        kind="published",
        title="rexbench: published numbers",
        pictures=pictures,
        sections=[_section(frames["rows"], [str(verdict["badge"]) for verdict in verdicts], titles)],
        own_style=embed_file("published/page.css"),
        script=embed_file("published/explorer.js"),
        data=explorer.embed_data(frames),
        totals=explorer.tabulate_totals(frames),
        groups=[(name, styles.group_look(name)) for name in explorer.order_groups(frames)],
        verdicts=verdicts,
        summary=summarise(frames["rows"]),
        conventions=frames["conventions"].to_dict("records"),
        sources=_sources(frames["rows"], [str(verdict["name"]) for verdict in verdicts]),
        uses=_uses(frames["uses"], titles),
    )


def _verdicts(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Each verdict with its badge and how many rows have it."""
    counts = rows["verdict"].value_counts()
    return [
        {
            "name": name,
            "badge": styles.badge(name),
            "colour": styles.look_of(name).colour,
            "meaning": VERDICTS.get(name, ""),
            "count": int(counts.get(name, 0)),
        }
        for name in dict.fromkeys([*VERDICTS, *counts.index])
    ]


def summarise(rows: pd.DataFrame) -> str:
    """The verdicts in a sentence."""
    if rows.empty:
        return "No number was judged."
    counts = {name: int((rows["verdict"] == name).sum()) for name in _COUNTED}
    counted = sum(counts.values())
    return (
        f"{counted} of {len(rows)} are costs, which counting can check: {counts['reproduced']} reproduced in every "
        f"printed digit, {counts['explained']} explained by a computation, {counts['contradicted']} contradicted, "
        f"{counts['open']} open. The other {len(rows) - counted} are accuracies and latencies, which take data or "
        "hardware to check."
    )


def _section(rows: pd.DataFrame, badges: Sequence[str], titles: Mapping[str, str]) -> Section:
    return Section(
        name="numbers",
        heading="Every number",
        intro="What is not plainly reproduced comes first. The symbol in a heading filters its column. Ours is in the "
        "printed unit with two digits more; the difference is printed minus ours.",
        missing="No number was judged.",
        table=view_rows(rows, titles),
        meanings=_MEANINGS,
        badges={"verdict": {badge: f"badge verdict-{place}" for place, badge in enumerate(badges)}},
        lists=_LISTED,
    )


def view_rows(rows: pd.DataFrame, titles: Mapping[str, str]) -> pd.DataFrame:
    """What the table shows of every row, what is not plainly reproduced first.

    Args:
        rows: The verdicts.
        titles: Convention to what people call it.
    """
    place = {name: index for index, name in enumerate(_ORDER)}
    ordered = rows.iloc[rows["verdict"].map(lambda name: place.get(name, -1)).argsort(kind="stable")]
    records = ordered.to_dict("records")
    view = ordered[["source", "model"]].copy()
    view.insert(0, "verdict", [styles.badge(name) for name in ordered["verdict"]])
    view["metric"] = [name_metric(name) for name in ordered["metric"]]
    view["printed"] = [show_printed(row["printed"], row["unit"]) for row in records]
    view["ours"] = [_ours(row) for row in records]
    view["difference [%]"] = ordered["difference_percent"].map(_shorten)
    view["counted as"] = [titles.get(name, name) for name in ordered["convention"]]
    view["where and why"] = [_why(row) for row in records]
    return view


def _shorten(percent: float) -> float:
    return round(percent, _DECIMALS) or float(f"{percent:.1e}") or 0.0  # no -0


def _ours(row: Mapping[Any, Any]) -> str:
    if pd.isna(row["ours"]):
        return ""
    return show_ours(int(row["ours"]), row["printed"], row["metric"], row["unit"])


def _why(row: Mapping[Any, Any]) -> str:
    stated, command = row["stated_convention"], row["command"]
    texts = (
        *(row["locator"], row["conditions"], f"stated: {stated}" if stated else "", row["reason"], row["note"]),
        f"check: {command}" if command else "",
    )
    return "; ".join(text for text in texts if text)


def _sources(rows: pd.DataFrame, verdicts: Sequence[str]) -> list[tuple[Any, ...]]:
    """Each source with its rows by verdict."""
    return [
        (source, len(part), *(int((part["verdict"] == name).sum()) for name in verdicts))
        for source, part in rows.groupby("source", sort=False)
    ]


def _uses(uses: pd.DataFrame, titles: Mapping[str, str]) -> list[tuple[Any, ...]]:
    counts = ("rows", *_COUNTED)
    return [
        (
            *(row["source"], name_metric(row["metric"]), titles.get(row["convention"], row["convention"])),
            *(row[name] for name in counts),
        )
        for row in uses.to_dict("records")
    ]
