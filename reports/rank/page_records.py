"""What the page of a rank study says, as records: the verdict, sections with tables, settings, and how to read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from reports.page.sections import Section
from reports.rank.names import spell, spell_meanings
from reports.rank.tables import TABLES
from reports.texts import load_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


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


def build_page(
    kind: str,
    settings: pd.DataFrame,
    *,
    doubts: Iterable[str],
    verdicts: Iterable[tuple[Cell, ...]],
    views: Mapping[str, tuple[pd.DataFrame, str]],
    heads: Iterable[str] = (),
    **values: str,
) -> RankPage:
    """A page with the texts of its kind of study.

    Args:
        kind: Of the study.
        settings: Its parameters.
        doubts: What a reader must know before believing a number.
        verdicts: Rows of the first table.
        views: By name of a section what its table shows, and the table whose columns these are; empty for none.
        heads: Further columns of the first table.
        values: What the braces in the texts of the sections stand for.
    """
    texts, sections = load_texts(kind), []
    words = load_texts("rank")["words"] | texts["words"]
    for name, (view, table) in views.items():
        own = {part: text.format(**values) for part, text in texts["sections"][name].items()}
        meanings = spell_meanings(TABLES[kind][table]) if table else {}
        sections.append(Section(name=name, table=view.rename(columns=spell), meanings=meanings, **own))
    verdict = texts["verdict"]
    return RankPage(
        title=texts["title"],
        lead=texts["lead"],
        doubts=tuple(doubts),
        verdict=VerdictTable(**(verdict | {"heads": (*verdict["heads"], *heads)}), rows=tuple(verdicts)),
        sections=tuple(sections),
        settings=_group_settings(settings),
        reading=tuple((name, words[name]) for name in texts["reading"]),
    )


def _group_settings(settings: pd.DataFrame) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Parameters by part, in their order."""
    return tuple(
        (str(part), tuple((spell(str(name)), str(value)) for _, name, value in rows.to_numpy()))
        for part, rows in settings.groupby("part", sort=False)
    )


def between(rows: pd.DataFrame, name: str, factor: float = 1.0) -> list[str]:
    """The intervals of a number as text; a missing interval is empty.

    Args:
        rows: With the lower bound in the column ``NAME_low``, or ``low`` without a name, and the upper likewise.
        name: Of the number.
        factor: From its unit to the shown one.
    """
    low, high = (rows[f"{name}_{end}".removeprefix("_")] * factor for end in ("low", "high"))
    return ["" if pd.isna(lower) else f"{lower:.4g} to {upper:.4g}" for lower, upper in zip(low, high, strict=True)]


def describe_number(value: Any, form: str = "{:.0f}") -> str:
    """A number in words; ``not known`` where it is missing."""
    return "not known" if pd.isna(value) else form.format(value)
