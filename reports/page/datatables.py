"""Tables that sort and filter in the page itself; the only file that imports itables."""

from __future__ import annotations

import json
import math
import re
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from itables import JavascriptFunction, options, to_html_datatable
from itables.javascript import generate_init_offline_itables_html

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: Rows shown before the rest moves to further pages; most runs fit.
_PAGE_ROWS = 25

# The library's notes for notebook users, which in a page would only lead elsewhere.
_NOTES = re.compile(r"<tbody>\s*<tr>\s*<td[^>]*>[^\"]*?Loading ITables.*?</tbody>", re.DOTALL)
_MARKER = re.compile(r"<sup><noscript>.*?</sup>", re.DOTALL)
#: Puts a cell's text, which is escaped, into a badge; cells of other texts stay as they are.
_BADGE = """function (cell, value) {
  const known = CLASSES;
  if (!Object.hasOwn(known, value)) return;
  const badge = document.createElement("span");
  badge.className = known[value];
  badge.textContent = cell.textContent;
  cell.replaceChildren(badge);
}"""
_MISSING = r"\"NaN\""


def embed_library() -> str:
    """The table library and its style as one piece of HTML, to go into the page once, before the tables."""
    html = generate_init_offline_itables_html(options.dt_bundle)
    # After the script comes a notice for notebooks.
    return html[: html.rindex("</script>") + len("</script>")]


def render_table(
    name: str,
    frame: pd.DataFrame,
    meanings: Mapping[str, str],
    *,
    badges: Mapping[str, Mapping[str, str]] | None = None,
    lists: Sequence[str] = (),
    never: Sequence[str] = (),
) -> str:
    """A frame as a table that sorts, pages and filters; without scripts it is a plain table of the first page.

    Args:
        name: Unique in the page; letters and digits.
        frame: Numbers stay numbers so that they sort as such; text is escaped.
        meanings: Column to what it means, shown when the pointer rests on the heading.
        badges: Column to cell text to the CSS classes of a badge around it; texts and classes are our own.
        lists: Columns whose values are ticked in a list rather than searched for by text.
        never: Columns in which an infinite number means never; in others it is infinite, and the column sorts as text.
    """
    paged, frame = len(frame) > _PAGE_ROWS, _worded(frame, never)
    with pd.option_context("display.float_format", _format):
        html = to_html_datatable(
            frame,
            connected=False,
            table_id=f"table_{name}",
            showIndex=False,
            allow_html=False,
            display_logo_when_loading=False,
            maxBytes=0,
            maxColumns=0,
            paging=paged,
            pageLength=_PAGE_ROWS,
            classes="display compact",
            style="width:100%;margin:0",
            columnControl=["searchDropdown"],
            columnDefs=list(_column_options(list(frame.columns), badges or {}, lists)),
            layout={"topStart": "search", "topEnd": "pageLength" if paged else None, "bottomStart": "info"},
        )
    html = _MARKER.sub("", _NOTES.sub("<tbody></tbody>", html)).replace(_MISSING, r"\"\"").replace(">NaN<", "><")
    for column, meaning in meanings.items():
        html = html.replace(f"<th>{column}</th>", f"<th title='{escape(meaning)}'>{column}</th>")
    return html


def _column_options(
    names: Sequence[str], badges: Mapping[str, Mapping[str, str]], lists: Sequence[str]
) -> Iterator[dict[str, Any]]:
    for name, classes in badges.items():
        script = _BADGE.replace("CLASSES", json.dumps(classes))
        yield {"targets": names.index(name), "createdCell": JavascriptFunction(script)}
    for name in lists:
        dropdown = {"extend": "dropdown", "icon": "search", "text": f"Filter {name}", "content": ["searchList"]}
        yield {"targets": names.index(name), "columnControl": [dropdown]}


def _worded(frame: pd.DataFrame, never: Sequence[str]) -> pd.DataFrame:
    """The frame with text for numbers where one is infinite and does not mean never: a cell can't know its column."""
    columns = [name for name in frame.columns if name not in never and frame[name].dtype.kind == "f"]
    infinite = [name for name in columns if np.isinf(frame[name]).any()]
    return frame.assign(**{name: frame[name].map(_word).astype(object) for name in infinite})


def _word(value: float) -> str:
    if math.isnan(value):
        return ""
    return "infinite" if math.isinf(value) else _format(value)


def _format(value: float) -> str:
    """Four digits, without an exponent where people would not write one."""
    if math.isinf(value):
        return "never"
    if value == 0 or 1e-3 <= abs(value) < 1e4:  # noqa: PLR2004 - where a plain number reads well
        return f"{value:.4g}"
    return f"{value:,.0f}" if abs(value) >= 1 else f"{value:.1e}"
