"""What the page of a rank study says, as records: the verdict, sections with tables, settings, and how to read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from reports.rank.names import spell

if TYPE_CHECKING:
    from reports.page.sections import Section

#: What the numbers mean in every study.
RANK_WORDS = (
    (
        "Rank",
        (
            "The number of singular values of a feature matrix that count as non-zero: one row per sample or position, "
            "one column per channel. Which of them count is a matter of the tolerance, so a rank without one says "
            "little."
        ),
    ),
    (
        "Tolerance",
        (
            "producer: number of channels times the rounding of the type the features were computed in, times the "
            "largest singular value; numpy: the same with the larger of rows and channels, as numpy and PyTorch do, so "
            "that it grows with the number of rows; certified: the measured distance from the same features in "
            "float64; a number: that fraction of the largest singular value."
        ),
    ),
    (
        "Centred",
        (
            "The mean of each channel is taken out first. Without that a common offset makes the largest singular "
            "value, and all that is relative to it, larger."
        ),
    ),
    (
        "Effective rank",
        (
            "The exponential of the entropy of the normalised singular values (Roy and Vetterli, EUSIPCO 2007). It "
            "needs no tolerance and says how evenly the directions are used."
        ),
    ),
    (
        "Interval",
        "A 95 % interval. Differences are paired: the same random networks, or the same seeds, on both sides.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of the table of verdicts: a strong word, plain text, and a soft line below."""

    strong: str = ""
    text: str = ""
    soft: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictTable:
    """What a reader sees first.

    Args:
        heading: Of the section.
        intro: A sentence before the table.
        heads: Of the columns.
        rows: Of cells.
        missing: Said where there are no rows.
    """

    heading: str
    intro: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    missing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RankPage:
    """Everything the page says besides its figures.

    Args:
        title: Of the page.
        lead: What was studied, in a sentence.
        doubts: What a reader must know before believing a number.
        verdict: The first table.
        sections: Further tables.
        settings: Part to its parameters.
        reading: Terms and what they mean.
    """

    title: str
    lead: str
    doubts: tuple[str, ...]
    verdict: VerdictTable
    sections: tuple[Section, ...]
    settings: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    reading: tuple[tuple[str, str], ...]


def group_settings(settings: pd.DataFrame) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Parameters by part, in their order."""
    return tuple(
        (str(part), tuple((spell(str(name)), str(value)) for _, name, value in rows.to_numpy()))
        for part, rows in settings.groupby("part", sort=False)
    )


def between(rows: pd.DataFrame, low: str, high: str, factor: float = 1.0) -> list[str]:
    """Intervals as text; a missing interval is empty."""
    bounds = zip(rows[low] * factor, rows[high] * factor, strict=True)
    return ["" if pd.isna(one) else f"{one:.4g} to {two:.4g}" for one, two in bounds]


def describe_number(value: Any, form: str = "{:.0f}") -> str:
    """A number in words; ``not known`` where it is missing."""
    return "not known" if pd.isna(value) else form.format(value)
