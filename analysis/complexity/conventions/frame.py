"""Counts under conventions as plain values: JSON documents, rows and the words around them. No torch here."""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import TYPE_CHECKING, Any

from analysis.complexity.conventions import CONVENTIONS
from rexnet_core.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.complexity.conventions.record import Count

#: The word for every convention at once.
ALL = "all"

_WIDTH = 100


def expand_convention(word: str) -> tuple[str, ...]:
    """The conventions a word stands for: all of them, or the one it names.

    Raises:
        UnknownNameError: It names none.
    """
    if word == ALL:
        return tuple(CONVENTIONS)
    if word not in CONVENTIONS:
        raise UnknownNameError("convention", word, (*CONVENTIONS, ALL))
    return (word,)


def as_document(counts: Sequence[Count], *, per_layer: bool = False) -> dict[str, Any]:
    """One count, or several of one model under ``counts``, ready for `json.dumps`.

    Args:
        counts: One or more.
        per_layer: Whether to add the list ``layers`` to each.
    """
    documents = [_document(count, per_layer=per_layer) for count in counts]
    if len(documents) == 1:
        return documents[0]
    return {key: documents[0][key] for key in ("model", "resolution")} | {"counts": documents}


def make_rows(counts: Sequence[Count], *, per_layer: bool = False) -> list[dict[str, Any]]:
    """Rows for CSV and text, each led by model, resolution and convention.

    Args:
        counts: One gives a row per operator and group, several a row each.
        per_layer: A row per operator of each layer instead.
    """
    if per_layer:
        return [_identity(count) | row for count in counts for row in _layers(count)]
    if len(counts) == 1:
        return [_identity(counts[0]) | row for row in _operators(counts[0])]
    return [
        _identity(count)
        | {"total": count.total}
        | {name: getattr(CONVENTIONS[count.convention], name) for name in ("unit", "quantity", "title")}
        | {"uncounted": len(count.uncounted)}
        for count in counts
    ]


def said_above(counts: Sequence[Count]) -> list[str]:
    """Columns of `make_rows` that `render_counts` says above the table."""
    return ["model", "resolution", "convention"] if len(counts) == 1 else ["model", "resolution"]


def render_counts(counts: Sequence[Count], table: str) -> str:
    """The table, and where it is of one count, what that means above it and what is not in it below.

    Args:
        counts: One or more of one model.
        table: Their rows as text, without the columns `said_above`.
    """
    head = f"{counts[0].model} at {counts[0].height} x {counts[0].width}"
    return _explain(counts[0], head, table) if len(counts) == 1 else f"{head}\n\n{table}"


def _explain(count: Count, head: str, table: str) -> str:
    convention = CONVENTIONS[count.convention]
    title = "" if convention.title == convention.unit else f" ({convention.title})"
    texts = {"counts": convention.counts, "leaves out": convention.leaves_out, "source": convention.source}
    lines = [
        f"{head}: {count.total} {convention.unit}{title}",
        *(line for name, text in texts.items() for line in _paragraph(name, text)),
        "",
        table,
        "",
        *_paragraph("not counted", ", ".join(count.uncounted) or "nothing that ran"),
    ]
    return "\n".join(lines)


def _document(count: Count, *, per_layer: bool) -> dict[str, Any]:
    document = {
        **_identity(count),
        "unit": CONVENTIONS[count.convention].unit,
        "total": count.total,
        "operators": count.by_operator(),
        "groups": count.by_group(),
        "uncounted": list(count.uncounted),
    } | ({"input_shapes": [list(shape) for shape in count.input_shapes]} if count.input_shapes else {})
    return document | {"layers": _layers(count)} if per_layer else document


def _identity(count: Count) -> dict[str, Any]:
    square = count.height == count.width
    return {
        "model": count.model,
        "resolution": count.height if square else f"{count.height}x{count.width}",
        "convention": count.convention,
    } | ({"input_shapes": _shapes(count)} if count.input_shapes else {})


def _shapes(count: Count) -> str:
    """All inputs, as ``1x3x48x192 1x10``."""
    return " ".join("x".join(map(str, shape)) for shape in count.input_shapes)


def _operators(count: Count) -> list[dict[str, Any]]:
    """Largest first; an addition is a bias in one place and joins two tensors in another, and has two rows."""
    sums: Counter[tuple[str, str]] = Counter()
    for part in count.parts:
        sums[part.operator, part.group] += part.amount
    return [
        {"operator": operator, "group": group, "amount": amount, "percent": round(100 * amount / count.total, 3)}
        for (operator, group), amount in sums.most_common()
    ]


def _layers(count: Count) -> list[dict[str, Any]]:
    return [
        {"layer": part.layer, "operator": part.operator, "group": part.group, "amount": part.amount}
        for part in count.parts
    ]


def _paragraph(head: str, words: str) -> list[str]:
    return textwrap.wrap(words, _WIDTH, initial_indent=f"{head:12} ", subsequent_indent=" " * 13)
