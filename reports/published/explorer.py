"""What the convention explorer shows: the counts as data for its script, and as a table that needs none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup

from reports.published import styles
from reports.published.amounts import name_metric
from reports.published.frames import PLAIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    Frames = Mapping[str, pd.DataFrame]

_MILLION = 1e6
#: What would end the element that holds the data, or start a comment in it; JSON may write any letter so.
_UNSAFE = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&"}


class TotalsTable(NamedTuple):
    """Every model under every convention, in millions.

    Args:
        heads: Titles of the conventions.
        rows: Model, then a total for each; empty where there is none.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def embed_data(frames: Frames) -> Markup:
    """The explorer's data as JSON that no text in it can end early.

    Args:
        frames: As from `reports.published.published_frames`.
    """
    return Markup(json.dumps(gather_data(frames)).translate(_UNSAFE))  # noqa: S704 - escaped on this line


def gather_data(frames: Frames) -> dict[str, Any]:
    """Models with their counts, conventions with who uses them, and groups in their order."""
    totals = frames["totals"]
    titles = name_conventions(frames)
    own = {row["name"]: row for row in frames["conventions"].to_dict("records")}
    return {
        "groups": order_groups(frames),
        "sources": int(frames["rows"]["source"].nunique()),
        "plain": {quantity: titles.get(name, name) for quantity, name in PLAIN.items()},
        "conventions": [
            {
                "title": title,
                "isPlain": name in PLAIN.values(),
                "counts": own[name]["counts"] if name in own else "",
                "leavesOut": own[name]["leaves_out"] if name in own else "",
                "uses": _uses(frames["uses"], name),
                "users": int(frames["uses"].loc[frames["uses"]["convention"] == name, "source"].nunique()),
            }
            for name, title in titles.items()
        ],
        "models": [_model(str(name), part, frames, list(titles)) for name, part in totals.groupby("model", sort=False)],
    }


def name_conventions(frames: Frames) -> dict[str, str]:
    """Conventions that are described, then others that were counted, to their titles."""
    described = dict(zip(frames["conventions"]["name"], frames["conventions"]["title"], strict=True))
    return {**{name: name for name in (*described, *frames["totals"]["convention"])}, **described}


def order_groups(frames: Frames) -> list[str]:
    """Groups that occur, in the order in which they are stacked; those that are not known here last."""
    return styles.order_groups(frames["groups"]["group"])


def tabulate_totals(frames: Frames) -> TotalsTable:
    """Every model under every convention, for those who have no scripts."""
    totals, titles = frames["totals"], name_conventions(frames)
    counted = [name for name in titles if name in set(totals["convention"])]
    totals_of = {(row["model"], row["convention"]): row["total"] for row in totals.to_dict("records")}
    rows = tuple(
        (
            str(model),
            *(f"{totals_of[model, name] / _MILLION:,.1f}" if (model, name) in totals_of else "" for name in counted),
        )
        for model in dict.fromkeys(totals["model"])
    )
    return TotalsTable(heads=tuple(titles[name] for name in counted), rows=rows)


def _uses(uses: pd.DataFrame, convention: str) -> list[str]:
    """Who prints numbers that are counted so, and how many of them come out."""
    return [
        f"{row['source']} ({name_metric(row['metric'])}: {row['reproduced']} of {row['rows']} reproduced)"
        for row in uses[uses["convention"] == convention].to_dict("records")
    ]


def _model(model: str, totals: pd.DataFrame, frames: Frames, conventions: list[str]) -> dict[str, Any]:
    groups, operators = (part[part["model"] == model] for part in (frames["groups"], frames["operators"]))
    order = order_groups(frames)
    return {
        "name": model,
        "counts": [
            {
                "convention": conventions.index(row["convention"]),
                "quantity": row["quantity"],
                "input": f"{row['height']} x {row['width']} px",
                "total": int(row["total"]),
                "groups": _amounts(groups[groups["convention"] == row["convention"]], "group", order),
                "operators": _amounts(operators[operators["convention"] == row["convention"]], "operator"),
                "uncounted": row["uncounted"],
            }
            for row in totals.to_dict("records")
        ],
    }


def _amounts(rows: pd.DataFrame, column: str, order: list[str] | None = None) -> list[list[Any]]:
    """Pairs of name, or its place in the order, and amount."""
    pairs = zip(rows[column], rows["amount"], strict=True)
    if order is None:
        return [[name, int(amount)] for name, amount in pairs]
    return sorted([order.index(name), int(amount)] for name, amount in pairs)
