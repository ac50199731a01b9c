"""Small steps that the three kinds of documents share: parts that may be missing, parameters as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Row = dict[str, Any]


def part_of(document: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    """The rows under that name; an empty list if the study has no such rows."""
    return document.get(name) or ()


def setting_rows(part: str, setting: Mapping[str, Any] | None) -> Iterator[Row]:
    """One row per parameter: ``part, parameter, value``."""
    for name, value in flatten(setting or {}).items():
        yield {"part": part, "parameter": name, "value": value}


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Parameters under their dotted names, their values as text."""
    texts: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            texts |= flatten(value, f"{prefix}{name}.")
        else:
            texts[f"{prefix}{name}"] = describe_value(value)
    return texts


def describe_value(value: Any) -> str:
    """A value as people write it: lists with commas, numbers without needless digits."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return ", ".join(describe_value(part) for part in value) if isinstance(value, list | tuple) else str(value)


def number(value: Any) -> float:
    """The number, NaN where it is missing."""
    return float("nan") if value is None else float(value)
