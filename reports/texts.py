"""The texts of the reports, and other files that come with them: ``data/KIND.toml`` holds what a page says."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any


def read_file(name: str) -> str:
    """The text of a file of ours, by its path in the package of reports."""
    return (resources.files("reports") / name).read_text(encoding="utf-8")


def load_texts(kind: str) -> dict[str, Any]:
    """The texts of a kind of report: of its figures, sections and verdict; what stands in braces is filled in."""
    return tomllib.loads(read_file(f"data/{kind}.toml"))
