"""What a text says of the classifier that saw the pictures: how they were prepared, and its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def describe_classifier(document: Mapping[str, Any]) -> Iterator[str]:
    """The lines about preprocessing and weights, and about what computed where a model comes from elsewhere."""
    steps, weights = document["preprocessing"], document["weights"]
    turned = "turned" if steps["turned_by_exif"] else "not turned"
    yield f"preprocessing  {steps['words']}; {_describe_colours(steps)}; {turned} by EXIF"
    yield from _tell_whose(document)
    entry = f"entry {weights['entry']}, " if weights.get("entry") else ""
    digest = f", sha256 {weights['sha256']}" if weights["sha256"] else ""
    yield f"weights        {weights['path']}, {entry}{weights['layout']} layout{digest}"


def _describe_colours(steps: Mapping[str, Any]) -> str:
    if not any(steps["mean"]) and all(round(255 * value, 6) == 1 for value in steps["std"]):
        return "pixels from 0 to 255 as they are"
    if (steps["mean"], steps["std"]) == ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]):
        return "ImageNet mean and deviation"
    mean, std = (" ".join(f"{value:g}" for value in steps[name]) for name in ("mean", "std"))
    return f"mean {mean}, deviation {std}"


def _tell_whose(document: Mapping[str, Any]) -> Iterator[str]:
    """Whose preprocessing it had, and what a model from elsewhere ran on."""
    steps = document["preprocessing"]
    yield f"               {'; '.join(filter(None, (steps['of'], steps['note'])))}"
    if "source" not in document:
        return
    yield f"reference      {document['reference']}"
    if document.get("fingerprint"):
        yield f"model          {document['fingerprint']}"
