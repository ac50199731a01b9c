"""Made-up documents of the shape that `rexbench published` gives: two sources, two models, four conventions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

HOSTILE = "</script><b onload=alert(1)>\"'&x"


def made_document() -> dict[str, Any]:
    """A made-up document with every verdict but one."""
    document: dict[str, Any] = json.loads(Path(__file__).with_name("document.json").read_text())
    return document


def poisoned(value: Any) -> Any:
    """The document with markup in every text that is not a kind, a verdict, a metric, a unit or a quantity."""
    if isinstance(value, dict):
        kept = ("kind", "verdict", "metric", "unit", "printed", "quantity")
        return {key: part if key in kept else poisoned(part) for key, part in value.items()}
    if isinstance(value, list):
        return [poisoned(part) for part in value]
    return f"{value}{HOSTILE}" if isinstance(value, str) else value


@pytest.fixture
def document() -> dict[str, Any]:
    return made_document()


@pytest.fixture
def hostile(document: dict[str, Any]) -> dict[str, Any]:
    """The same with markup in its texts, groups and operators."""
    spoilt: dict[str, Any] = poisoned(document)
    for count in spoilt["explorer"]:
        for part in ("groups", "operators"):
            count[part] = {f"{name}{HOSTILE}": amount for name, amount in count[part].items()}
    return spoilt


@pytest.fixture
def nothing() -> dict[str, Any]:
    """A document without rows, conventions or counts."""
    empty = {name: [] for name in ("by_source", "rows", "conventions", "uses", "explorer")}
    return {"format_version": 1, "kind": "published", "counts": {}, **empty}
