"""Templates and parts of pages: everything a page shows is inside it, and no request leaves it."""

from __future__ import annotations

from base64 import b64encode
from importlib import resources
from typing import TYPE_CHECKING

import jinja2

if TYPE_CHECKING:
    from reports.drawing.picture import Picture


def data_uri(picture: Picture) -> str:
    """The picture as an address that holds it."""
    return f"data:image/svg+xml;base64,{b64encode(picture.svg).decode('ascii')}"


def load_template(name: str, package: str = "reports.page") -> jinja2.Template:
    """One of our templates, which escapes whatever is put into it.

    Args:
        name: File name.
        package: The package whose folder holds it.
    """
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(read_part(name, package))


def read_part(name: str, package: str = "reports.page") -> str:
    """The text of a file in the folder of a package."""
    return (resources.files(package) / name).read_text(encoding="utf-8")
