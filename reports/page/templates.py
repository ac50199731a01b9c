"""Pages from templates: everything that a page shows is inside it, and no request leaves it."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

from reports.columns import FORMAT_VERSION
from reports.page.tables import embed_library, render_table
from reports.texts import read_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.drawing.picture import Picture
    from reports.page.sections import Section


def render_page(
    template: str,
    *,
    kind: str,
    title: str,
    pictures: Sequence[Picture],
    sections: Iterable[Section] = (),
    **values: Any,
) -> str:
    """A page as HTML, from a template that extends ``page/base.html.j2``.

    Args:
        template: Path in the package of reports.
        kind: Of the report.
        title: Of the browser's window.
        pictures: Figures; for one that was not drawn the page says why.
        sections: Tables, in their order; an empty one that has nothing to say is left out.
        values: What the template shows besides.
    """
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(read_file),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    kept = [section for section in sections if len(section.table) or section.missing]
    return environment.get_template(template).render(
        kind=kind,
        title=title,
        format_version=FORMAT_VERSION,
        style=embed_file("page/page.css"),
        library=Markup(embed_library()),  # noqa: S704 - the table library and our own script
        pictures=pictures,
        data_uri=_data_uri,
        sections=kept,
        # Every text of a table is escaped where the table is made.
        tables={section.name: Markup(render_table(section)) for section in kept if len(section.table)},  # noqa: S704
        **values,
    )


def embed_file(name: str) -> Markup:
    """A style or a script of ours, to stand in the page as it is."""
    return Markup(read_file(name))  # noqa: S704 - our own file


def _data_uri(picture: Picture) -> str:
    """The picture as an address that holds it."""
    return f"data:image/svg+xml;base64,{b64encode(picture.svg).decode('ascii')}"
