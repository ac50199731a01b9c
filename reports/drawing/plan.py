"""A figure that is going to be drawn: its name, what is said of it, and how."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.rank.names import spell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One figure.

    Args:
        name: File name without its ending.
        title: Heading.
        caption: What is seen and how to read it.
        needs: Why there is none, where `draw` gives none.
        draw: Draws it, or gives None where there is nothing to show.
    """

    name: str
    title: str
    caption: str
    needs: str
    draw: Callable[[], Figure | None]


def slugs(names: Iterable[str]) -> dict[str, str]:
    """Names to what a file may be called, each once: lower case letters, digits and underscores."""
    found: dict[str, str] = {}
    for name in dict.fromkeys(names):
        plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:40] or "unnamed"
        number = sum(taken == plain or taken.startswith(f"{plain}__") for taken in found.values())
        found[name] = f"{plain}__{number + 1}" if number else plain
    return found


def conditions_of(settings: pd.DataFrame, part: str, names: Iterable[str]) -> str:
    """The parameters of that part that have those names, as one line for the foot of a figure."""
    values = settings[settings["part"] == part].set_index("parameter")["value"].to_dict()
    return "; ".join(f"{spell(name)} {values[name]}" for name in names if name in values)
