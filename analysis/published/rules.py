"""Why a printed cost differs from ours: rules that any row may meet, none written for one. No torch here.

Each is a computation on our counts. A rule explains a row only where the count it names gives the printed digits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from analysis.published.conditions import input_side, is_registered
from analysis.published.rounding import agree, rounded_twice
from rexnet_core.catalogue import model_config, model_info, model_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from analysis.published.conventions import Choice
    from analysis.published.table import PublishedRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """All rows with the convention of each, and a way to count: what the rules look at.

    Args:
        rows: In file order.
        choices: Place of a cost row to its convention.
        total: Convention, model, side -> our count.
    """

    rows: Sequence[PublishedRow]
    choices: Mapping[int, Choice]
    total: Callable[[str, str, int], int]

    def ours(self, place: int, model: str | None = None) -> int:
        """Our count for a row, under its convention and at its input side; of another model where one is named."""
        row = self.rows[place]
        side = input_side(row) if model is None else model_info(model).resolution
        assert side is not None  # a row with a convention is about a registered model
        return self.total(self.choices[place].convention, model or row.model, side)

    def matches(self, place: int, model: str | None = None) -> str:
        """How our count gives the printed digits, as `agree` says."""
        return agree(self.rows[place], self.ours(place, model))


def explain(table: Table, place: int) -> str:
    """Why the row's digits are not ours, in words; empty where no rule says.

    Args:
        table: All rows.
        place: Of a cost row that our count does not give.
    """
    for rule in (_repeated_row, _index_constants, _padded_digits, _taken_over, _other_model):
        reason = rule(table, place)
        if reason:
            return reason
    return ""


def remark(table: Table, place: int) -> str:
    """What else is known of a row that no rule explains: who prints other digits, and whether it was rounded twice."""
    row = table.rows[place]
    remarks = [
        f"{other.source} prints {_quote(other)} for it, which our count gives"
        for number, other in enumerate(table.rows)
        if other.model == row.model
        and other.metric == row.metric
        and other.printed != row.printed
        and number in table.choices
        and table.choices[number].convention == table.choices[place].convention
        and table.matches(number)
    ]
    if rounded_twice(row, table.ours(place)):
        remarks.append("rounded twice it would print so, but no other row here was")
    return "; ".join(dict.fromkeys(remarks))


def _quote(row: PublishedRow) -> str:
    """The printed number with its unit; a count has none."""
    return row.printed if row.unit == "1" else f"{row.printed} {row.unit}"


def _repeated_row(table: Table, place: int) -> str:
    """The row before it in the same source and column, of another model, has the same digits, and they are its own."""
    row = table.rows[place]
    column = [
        number
        for number, other in enumerate(table.rows)
        if (other.source, other.metric, other.file) == (row.source, row.metric, row.file) and number in table.choices
    ]
    before = column.index(place) - 1
    if before < 0:
        return ""
    other = table.rows[column[before]]
    same = (other.printed, other.unit) == (row.printed, row.unit) and other.model != row.model
    if not same or not table.matches(column[before]):
        return ""
    return (
        f"repeats the row of {other.model} above it, for which {table.ours(column[before]):,} are counted: "
        f"{row.model} has {table.ours(place):,}"
    )


def _other_model(table: Table, place: int) -> str:
    """Every cost that this table prints for the model is that of one other model of its family."""
    row = table.rows[place]
    printed = [
        number
        for number, other in enumerate(table.rows)
        if (other.source, other.locator, other.model, other.file) == (row.source, row.locator, row.model, row.file)
        and number in table.choices
    ]
    if len({table.rows[number].metric for number in printed}) < 2:  # noqa: PLR2004 - one number alone may be chance
        return ""
    family = model_info(row.model).family
    fitting = [
        model
        for model in model_names()
        if model != row.model
        and model_info(model).family == family
        and all(table.matches(number, model) for number in printed)
    ]
    if len(fitting) != 1:
        return ""
    counts = " and ".join(f"{table.ours(number, fitting[0]):,} {table.rows[number].metric}" for number in printed)
    return f"the row has the costs of {fitting[0]}: {counts}"


def _padded_digits(table: Table, place: int) -> str:
    """A zero was put behind a number of fewer digits: at those digits ours agrees, and elsewhere it is printed so."""
    row = table.rows[place]
    bare = row.printed.rstrip("0").rstrip(".") if "." in row.printed else row.printed
    if bare == row.printed:
        return ""
    zeros = len(row.printed.rstrip("0").rstrip(".")) - len(row.printed)
    step = row.step
    while zeros < 0 and step < row.value:
        zeros, step = zeros + 1, step * 10
        how = agree(row, table.ours(place), step)
        others = {
            other.source
            for other in table.rows
            if (other.model, other.metric, other.printed, other.unit) == (row.model, row.metric, bare, row.unit)
        }
        if how and others and Decimal(bare) == Decimal(row.printed):
            word = {"cut": "cut", "rounded": "rounded"}.get(how, "rounded or cut")
            ours = f"{table.ours(place):,}"
            return f"{bare} {row.unit}, {word} from {ours} and printed so by {min(others)}, with a zero more"
    return ""


def _taken_over(table: Table, place: int) -> str:
    """An earlier paper prints it of its own network, and its digits, not ours, give these."""
    row = table.rows[place]
    year = _arxiv(row)
    for other in table.rows:
        earlier = _arxiv(other)
        same = (other.model, other.metric) == (row.model, row.metric) and bool(agree(row, int(other.value)))
        if same and year and earlier and earlier < year:
            return (
                f"taken over from {other.source}, which prints {_quote(other)} of its own network: "
                f"ours is {table.ours(place):,}"
            )
    return ""


def _arxiv(row: PublishedRow) -> str:
    """Year and month of the publication, as its number on arXiv begins; empty where it has none."""
    found = re.search(r"arXiv (\d{4})\.", row.source)
    return found[1] if found else ""


def _index_constants(table: Table, place: int) -> str:
    """Exported to ONNX, a partial in-place shortcut is a scatter with two whole numbers per channel as constants."""
    row = table.rows[place]
    if table.choices[place].convention != "openvino_constants" or not is_registered(row.model):
        return ""
    widths = [block.w_shortcut for block in model_config(row.model).blocks if 0 < block.w_shortcut < block.w_out]
    indices = 2 * sum(widths)
    ours = table.ours(place)
    if not indices or not agree(row, ours + indices):
        return ""
    return (
        f"{ours:,} and the index constants of {len(widths)} in-place shortcuts, as they are exported to ONNX: two per "
        f"channel, {indices:,} in all, together {ours + indices:,}"
    )
