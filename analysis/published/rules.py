"""Why a printed cost differs from ours: rules that any row may meet. No torch here.

Each is a computation on our counts. A rule explains a row only where the count it names gives the printed digits.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from analysis.published.conditions import read_input
from analysis.published.rounding import agree, digits, rounded_twice
from rexnet_core.registry import model_config, model_info, model_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.published.lookup import Table
    from analysis.published.table import PublishedRow

#: A number with at least this many digits does not equal one sum of two counts by chance.
_SUM_DIGITS = 4
#: Two numbers with at least this many digits do not both equal another model's numbers by chance.
_FULL_DIGITS = 2


def explain(table: Table, place: int) -> str:
    """Why the row's digits are not ours, in words; empty where no rule says.

    Args:
        table: All rows.
        place: Place of a cost row that our count does not give.
    """
    for rule in (_with_statistics, _repeated_row, _index_constants, _padded_digits, _taken_over, _other_model):
        reason = rule(table, place)
        if reason:
            return reason
    return ""


def remark(table: Table, place: int) -> str:
    """What else is known of a row that no rule explains: who prints other digits, and whether it was rounded twice."""
    row = table.rows[place]
    others = (
        f"{table.rows[number].source} prints {_quote(table.rows[number])} for it, which our count gives"
        for number in table.alike(place)
        if table.rows[number].printed != row.printed
        and table.matches(number)
        and digits(table.rows[number]) >= digits(row)
    )
    remarks = list(islice(others, _MOST_REMARKS))
    if rounded_twice(row, table.ours(place)):
        remarks.append("rounded twice it would print so, but no other row here was")
    return "; ".join(dict.fromkeys(remarks))


#: Others who print the right digits, to be named.
_MOST_REMARKS = 2


def _quote(row: PublishedRow) -> str:
    """The printed number with its unit; a count has none."""
    return row.printed if row.unit == "1" else f"{row.printed} {row.unit}"


def _with_statistics(table: Table, place: int) -> str:
    """Paddle and Keras print batch norm's running means and variances with the parameters, as sizes of files do."""
    row = table.rows[place]
    if table.choices[place].convention != "params" or digits(row) < _SUM_DIGITS:
        return ""
    ours = table.ours(place)
    side = read_input(row).side
    assert side is not None  # a row without a side has no convention
    whole = table.total("params_with_statistics", row.model, side)
    if agree(row, whole):
        return f"{ours:,} parameters and {whole - ours:,} running means and variances, together {whole:,}"
    return ""


def _repeated_row(table: Table, place: int) -> str:
    """The row above, of another model, has the same digits in this column, and our count of that model gives them."""
    row, before = table.rows[place], table.before(place)
    if before is None:
        return ""
    other = table.rows[before]
    same = (other.printed, other.unit) == (row.printed, row.unit) and other.model != row.model
    if not same or not table.matches(before):
        return ""
    return (
        f"repeats the row of {other.model} above it, for which {table.ours(before):,} are counted: "
        f"{row.model} has {table.ours(place):,}"
    )


def _other_model(table: Table, place: int) -> str:
    """Every cost that this table prints for the model is that of one other model of its family."""
    row = table.rows[place]
    key = ("other model", row.source, row.locator, row.model, row.file)
    return table.said_once(key, lambda: _find_other_model(table, place))


def _find_other_model(table: Table, place: int) -> str:
    row = table.rows[place]
    printed = [
        number
        for number in table.kin(place, "source", "locator", "model", "file")
        if table.counted(number) and digits(table.rows[number]) >= _FULL_DIGITS
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
    """The source appended a zero to a number that others print with fewer digits, and did so more than once."""
    row, own = table.rows[place], _padding(table, place)
    if not own:
        return ""
    again = table.said_once(
        ("padded", row.source, row.metric, row.file),
        lambda: "twice" if _padded_twice(table, table.kin(place, "source", "metric", "file")) else "",
    )
    return own if again else ""


def _padded_twice(table: Table, places: Sequence[int]) -> bool:
    padded = (number for number in places if _padding(table, number))
    return len(list(islice(padded, 2))) > 1


def _padding(table: Table, place: int) -> str:
    """How a row's digits equal another row's correct digits with a zero appended; empty if they do not."""
    row = table.rows[place]
    if not table.counted(place) or not row.printed.endswith(".0") or table.matches(place):
        return ""
    bare = row.printed.removesuffix(".0")
    for number in table.alike(place, bare):
        other = table.rows[number]
        if table.matches(number):
            how = {"cut": "cut", "rounded": "rounded"}.get(table.matches(number), "rounded or cut")
            return (
                f"{_quote(other)}, {how} from {table.ours(place):,} and printed so by {other.source}, with a zero more"
            )
    return ""


#: Families, each with the paper that introduced it: other sources copy its numbers.
_ORIGINS = {"mobilenet_v2": "arXiv 1801.04381", "efficientnet": "arXiv 1905.11946", "regnetx": "arXiv 2003.13678"}


def _taken_over(table: Table, place: int) -> str:
    """The row repeats the number of the paper that introduced the network, which differs from our count."""
    row = table.rows[place]
    origin = _ORIGINS.get(model_info(row.model).family)
    if origin is None or origin in row.source:
        return ""
    for number in table.alike(place):
        other = table.rows[number]
        if origin in other.source and agree(row, int(other.value)):
            return f"taken over from {other.source}, which prints {_quote(other)}: ours is {table.ours(place):,}"
    return ""


def _index_constants(table: Table, place: int) -> str:
    """Exported to ONNX, a partial in-place shortcut is a scatter with two whole numbers per channel as constants."""
    row = table.rows[place]
    if table.choices[place].convention != "openvino_constants":
        return ""
    widths = _list_partial_shortcuts(row.model)
    indices = count_index_constants(row.model)
    ours = table.ours(place)
    if not indices or not agree(row, ours + indices):
        return ""
    return (
        f"{ours:,} and the index constants of {len(widths)} in-place shortcuts, as they are exported to ONNX: two per "
        f"channel, {indices:,} in all where each shortcut keeps one index, together {ours + indices:,}"
    )


def count_index_constants(model: str) -> int:
    """Whole numbers in a registered network's graph where its partial shortcuts were exported as in-place additions."""
    return 2 * sum(_list_partial_shortcuts(model))


def _list_partial_shortcuts(model: str) -> list[int]:
    return [block.w_shortcut for block in model_config(model).blocks if 0 < block.w_shortcut < block.w_out]
