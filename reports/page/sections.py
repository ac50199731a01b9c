"""A section of a page with one table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A table that sorts and filters where the reader has scripts, and is whole where not.

    Args:
        name: Unique in the page; letters, digits and underscores.
        heading: Of the section.
        intro: A paragraph before the table.
        table: The frame to show; numbers stay numbers so that they sort as such.
        missing: Said where the table is empty; without it an empty section is left out.
        meanings: Heading of a column to what it means, shown when the pointer rests on the heading.
        badges: Heading of a column to a cell's text to the CSS classes of the badge around the text.
        lists: Columns whose values are ticked in a list, where others are searched by text.
        never: Columns in which an infinite number means never.
    """

    name: str
    heading: str
    intro: str
    table: pd.DataFrame
    missing: str = ""
    meanings: Mapping[str, str] = field(default_factory=dict)
    badges: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    lists: Collection[str] = ()
    never: Collection[str] = ()
