"""Facts and texts that lie in a TOML file beside the module that reads them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any


def load_table(module: str, name: str = "") -> dict[str, Any]:
    """The content of a TOML file.

    Args:
        module: The ``__file__`` of the module beside which the file lies.
        name: Name of the file; where empty, that of the module with the suffix ``.toml``.
    """
    path = Path(module).with_name(name) if name else Path(module).with_suffix(".toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))
