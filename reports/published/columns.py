"""The columns of the tables on published numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.columns import Column, bounds, number, text, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.columns import Table


def _quoted(meaning: str) -> Column:
    """Free text of a document, as it is there: CSV files are read by programs."""
    return text(
        f"{meaning}; as the document has it, which a spreadsheet may take for a formula where it starts with = + - @"
    )


_BASE = "in the base unit of the metric: operations, numbers, bytes, % or s"
_MODEL = text("registered name, or the name a model that isn't registered would have")
_CONVENTION = text("name of the convention, as in conventions.csv; checkpoint: size of the file of weights")

ROWS = {
    "source": _quoted("publication, with version or commit"),
    "locator": _quoted("where in it: table, column"),
    "model": _MODEL,
    "metric": text("what was printed; flops is whatever the source calls so"),
    "printed": text("the number digit for digit; its digits are its precision"),
    "unit": text("what it is printed in; 1 for a plain count"),
    "verdict": text("what became of the number"),
    "how": text("of a reproduced number: exact, rounded, cut, or either of the last two"),
    "convention": _CONVENTION,
    "ours": whole(f"our count under that convention, {_BASE}; empty where nothing was counted"),
    "difference": number(f"printed minus ours, {_BASE}"),
    "difference_percent": number("printed minus ours, of what was printed", "%"),
    "difference_last_digits": number("printed minus ours, in units of the last digit that tells"),
    "reason": text("why the verdict is what it is"),
    "command": text("what would check the number; empty where it is checked"),
    "ratio_to": text("for a latency: the model it is divided by"),
    "printed_ratio": number("ratio of the printed latencies"),
    "printed_ratio_low": number("smallest ratio that prints so"),
    "printed_ratio_high": number("largest ratio that prints so"),
    "our_ratio": number("ratio measured here; empty where nothing was measured"),
    **bounds("our_ratio", "our_ratio_low"),
    "measured": text("where and how it was measured"),
    "stated_convention": _quoted("how the source says that it counted, in its words"),
    "conditions": _quoted("input size, hardware, preprocessing, training, as the source has them"),
    "note": _quoted("what is known to be wrong with the printed number"),
    "file": text("file the row was read from"),
    "line": whole("line in that file, from 1"),
}
_COUNTED = {
    "model": _MODEL,
    "convention": _CONVENTION,
    "quantity": text("operations or parameters"),
}
TOTALS = {
    "model": _MODEL,
    "height": whole("height of the input", "px"),
    "width": whole("width of the input", "px"),
    "convention": _CONVENTION,
    "quantity": _COUNTED["quantity"],
    "total": whole("the sum of what the convention counts, for one image"),
    "ratio_to_macs": number("total over the multiply-adds of the same model; empty for parameters"),
    "uncounted": text("what ran and was not counted, as name xN"),
}
OPERATORS = {
    **_COUNTED,
    "operator": text("name of the operator as the tool calls it"),
    "amount": whole("what it adds to the total"),
}
GROUPS = {
    **_COUNTED,
    "group": text("what the operators do, in words that hold across the tools"),
    "amount": whole("what they add to the total; 0 where only the plain count has them"),
    "share": number("amount over total"),
    "difference_to_plain": whole("amount minus that of the plain count: multiply-adds, or learnable numbers"),
}
CONVENTIONS = {
    "name": text("by which other tables call the convention"),
    "title": text("what people call it"),
    "quantity": _COUNTED["quantity"],
    "unit": text("what one of its numbers is"),
    "counts": text("what it counts"),
    "leaves_out": text("what runs and is not in the number"),
    "source": text("who counts so, or where the rule is written"),
}
USES = {
    "source": text("publication"),
    "metric": ROWS["metric"],
    "convention": _CONVENTION,
    "rows": whole("numbers it prints under the convention"),
    "reproduced": whole("of these, how many our count gives"),
    "explained": whole("of these, how many a computation explains"),
    "contradicted": whole("of these, how many our count contradicts"),
    "open": whole("of these, how many are open"),
}

#: File name without ``.csv`` to its columns in order.
TABLES: Mapping[str, Table] = {
    "rows": ROWS,
    "totals": TOTALS,
    "operators": OPERATORS,
    "groups": GROUPS,
    "conventions": CONVENTIONS,
    "uses": USES,
}
