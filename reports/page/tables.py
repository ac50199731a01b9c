"""Tables of a page: whole in its HTML, and sorted, filtered and paged by a script; only this file imports itables."""

from __future__ import annotations

import json
import math
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd
from itables import options
from itables.javascript import _itables_underscore_version, generate_init_offline_itables_html

if TYPE_CHECKING:
    from reports.page.sections import Section

#: Rows of one page of a table; most runs fit.
_PAGE_ROWS = 25
#: Sorts as the largest number: the library does not take infinity for a number.
_LARGEST = 1.7e308
#: Gives every table of the page its sorting, search and pages.
_START = """<script type="module">
const { ITable } = await window[LIBRARY];
for (const table of document.querySelectorAll("table.sortable")) {
  const paged = table.tBodies[0].rows.length > PAGE_ROWS;
  const lists = [...table.tHead.rows[0].cells].flatMap((head, place) => head.hasAttribute("data-list") ? [[head, place]] : []);
  new ITable(table, {
    classes: ["display", "compact"],
    style: { width: "100%", margin: "0" },
    order: [],
    paging: paged,
    pageLength: PAGE_ROWS,
    layout: { topStart: "search", topEnd: paged ? "pageLength" : null, bottomStart: "info" },
    columnControl: ["searchDropdown"],
    columnDefs: lists.map(([head, place]) => ({
      targets: place,
      columnControl: [{ extend: "dropdown", icon: "search", text: `Filter ${head.textContent}`, content: ["searchList"] }],
    })),
    text_in_header_can_be_selected: true,
  });
}
</script>"""  # noqa: E501 - lines of a script


def embed_library() -> str:
    """The table library, its style and the script that starts it, as one piece of HTML for the end of the page."""
    html = generate_init_offline_itables_html(options.dt_bundle)
    # After the library comes a notice for notebooks.
    library = html[: html.rindex("</script>") + len("</script>")]
    name = json.dumps(_itables_underscore_version())
    return library + _START.replace("LIBRARY", name).replace("PAGE_ROWS", str(_PAGE_ROWS))


def render_table(section: Section) -> str:
    """The table of a section as HTML with every row; all texts are escaped."""
    frame = section.table
    heads = "".join(_head(str(name), section) for name in frame.columns)
    columns = [_cells(frame[name], section) for name in frame.columns]
    rows = "".join(f"<tr>{''.join(row)}</tr>\n" for row in zip(*columns, strict=True))
    name = f"table_{section.name}"
    return f'<table id="{name}" class="sortable">\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>'


def _head(name: str, section: Section) -> str:
    title = f' title="{escape(section.meanings[name])}"' if name in section.meanings else ""
    return f"<th{title}{' data-list' if name in section.lists else ''}>{escape(name)}</th>"


def _cells(values: pd.Series, section: Section) -> list[str]:
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        whole = pd.api.types.is_integer_dtype(values)
        infinite = "never" if values.name in section.never else "infinite"
        return [_number_cell(value, infinite, whole=whole) for value in values]
    badges = section.badges.get(str(values.name), {})
    return [_text_cell("" if pd.isna(value) else str(value), badges) for value in values]


def _number_cell(value: Any, infinite: str, *, whole: bool) -> str:
    """A number as people read it, with the number itself to sort by."""
    if pd.isna(value):
        return '<td data-order=""></td>'
    if math.isinf(value):
        return f'<td data-order="{math.copysign(_LARGEST, value)}">{infinite}</td>'
    return f'<td data-order="{value}">{value if whole else format_number(value)}</td>'


def _text_cell(text: str, badges: Any) -> str:
    escaped = escape(text)
    return f'<td><span class="{badges[text]}">{escaped}</span></td>' if text in badges else f"<td>{escaped}</td>"


def format_number(value: float) -> str:
    """Four digits, without an exponent where people would not write one."""
    if value == 0 or 1e-3 <= abs(value) < 1e4:  # noqa: PLR2004 - where a plain number reads well
        return f"{value:.4g}"
    return f"{value:,.0f}" if abs(value) >= 1 else f"{value:.1e}"
