"""What every column of the tables on published numbers holds, its unit and its meaning; frames and manifest follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Changes when a column goes, or changes its meaning or unit; a new column does not change it.
FORMAT_VERSION = 1


class Column(NamedTuple):
    """One column.

    Args:
        kind: ``text``, ``whole`` (whole numbers that may be missing) or ``number``.
        meaning: In words.
        unit: Empty for text, counts and shares.
    """

    kind: str
    meaning: str
    unit: str = ""


def _text(meaning: str) -> Column:
    return Column("text", meaning)


def _quoted(meaning: str) -> Column:
    """Free text of a document, as it is there: CSV files are read by programs."""
    return _text(
        f"{meaning}; as the document has it, which a spreadsheet may take for a formula where it starts with = + - @"
    )


def _whole(meaning: str, unit: str = "") -> Column:
    return Column("whole", meaning, unit)


def _number(meaning: str, unit: str = "") -> Column:
    return Column("number", meaning, unit)


_BASE = "in the base unit of the metric: operations, numbers, bytes, % or s"
_MODEL = _text("registered name, or the name a model that isn't registered would have")
_CONVENTION = _text("name of the convention, as in conventions.csv; checkpoint: size of the file of weights")

ROWS = {
    "source": _quoted("publication, with version or commit"),
    "locator": _quoted("where in it: table, column"),
    "model": _MODEL,
    "metric": _text("what was printed; flops is whatever the source calls so"),
    "printed": _text("the number digit for digit; its digits are its precision"),
    "unit": _text("what it is printed in; 1 for a plain count"),
    "verdict": _text("what became of the number"),
    "how": _text("of a reproduced number: exact, rounded, cut, or either of the last two"),
    "convention": _CONVENTION,
    "ours": _whole(f"our count under that convention, {_BASE}; empty where nothing was counted"),
    "difference": _number(f"printed minus ours, {_BASE}"),
    "difference_percent": _number("printed minus ours, of what was printed", "%"),
    "difference_last_digits": _number("printed minus ours, in units of the last digit that tells"),
    "reason": _text("why the verdict is what it is"),
    "command": _text("what would check the number; empty where it is checked"),
    "ratio_to": _text("for a latency: the model it is divided by"),
    "printed_ratio": _number("ratio of the printed latencies"),
    "printed_ratio_low": _number("smallest ratio that prints so"),
    "printed_ratio_high": _number("largest ratio that prints so"),
    "our_ratio": _number("ratio measured here; empty where nothing was measured"),
    "our_ratio_low": _number("lower end of its 95 % interval"),
    "our_ratio_high": _number("upper end of its 95 % interval"),
    "measured": _text("where and how it was measured"),
    "stated_convention": _quoted("how the source says that it counted, in its words"),
    "conditions": _quoted("input size, hardware, preprocessing, training, as the source has them"),
    "note": _quoted("what is known to be wrong with the printed number"),
    "file": _text("file the row was read from"),
    "line": _whole("line in that file, from 1"),
}
_COUNTED = {
    "model": _MODEL,
    "convention": _CONVENTION,
    "quantity": _text("operations or parameters"),
}
TOTALS = {
    "model": _MODEL,
    "height": _whole("height of the input", "px"),
    "width": _whole("width of the input", "px"),
    "convention": _CONVENTION,
    "quantity": _COUNTED["quantity"],
    "total": _whole("the sum of what the convention counts, for one image"),
    "ratio_to_macs": _number("total over the multiply-adds of the same model; empty for parameters"),
    "uncounted": _text("what ran and was not counted, as name xN"),
}
OPERATORS = {
    **_COUNTED,
    "operator": _text("name of the operator as the tool calls it"),
    "amount": _whole("what it adds to the total"),
}
GROUPS = {
    **_COUNTED,
    "group": _text("what the operators do, in words that hold across the tools"),
    "amount": _whole("what they add to the total; 0 where only the plain count has them"),
    "share": _number("amount over total"),
    "difference_to_plain": _whole("amount minus that of the plain count: multiply-adds, or learnable numbers"),
}
CONVENTIONS = {
    "name": _text("by which other tables call the convention"),
    "title": _text("what people call it"),
    "quantity": _COUNTED["quantity"],
    "unit": _text("what one of its numbers is"),
    "counts": _text("what it counts"),
    "leaves_out": _text("what runs and is not in the number"),
    "source": _text("who counts so, or where the rule is written"),
}
USES = {
    "source": _text("publication"),
    "metric": ROWS["metric"],
    "convention": _CONVENTION,
    "rows": _whole("numbers it prints under the convention"),
    "reproduced": _whole("of these, how many our count gives"),
    "explained": _whole("of these, how many a computation explains"),
    "contradicted": _whole("of these, how many our count contradicts"),
    "open": _whole("of these, how many are open"),
}

#: File name without ``.csv`` to its columns in order.
TABLES: Mapping[str, Mapping[str, Column]] = {
    "rows": ROWS,
    "totals": TOTALS,
    "operators": OPERATORS,
    "groups": GROUPS,
    "conventions": CONVENTIONS,
    "uses": USES,
}
