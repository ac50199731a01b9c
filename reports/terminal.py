"""Tables for a terminal, as plain text."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rexnet_core.printable import escape_controls

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

#: Wider than any table: a row stays one line, so that a pipe or a narrow terminal never breaks it [characters].
_UNLIMITED = 100_000
_GAP = 2


def render_rows(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: Collection[int] = (), indent: int = 0
) -> list[str]:
    """The lines of a table: the heads, then one line per row, each as wide as its columns need.

    Args:
        heads: Of the columns; a head may have several lines.
        rows: Cells by row.
        right: Positions of the columns whose cells end below one another, such as numbers.
        indent: Spaces before every line.
    """
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), show_header=any(heads))
    for position, head in enumerate(heads):
        table.add_column(Text(head), justify="right" if position in right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(escape_controls(cell)) for cell in row))
    console = Console(file=StringIO(), width=_UNLIMITED, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return [f"{' ' * indent}{line}".rstrip() for line in capture.get().splitlines()]
