"""Printed accuracies of a model beside a measured one. No torch here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.published.accuracy import list_accuracies
from rexnet_core.sources.registry import is_guest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

IMAGENET_CLASSES = 1000
_PUBLISHERS = "the publisher's, for the weights of that name"


def why_not_comparable(folders: int, classes: int) -> str:
    """What forbids to compare with printed accuracies, which are those of ImageNet's 1000 classes; else empty."""
    if classes != IMAGENET_CLASSES:
        return f"the checkpoint has {classes} classes, accuracies are printed for ImageNet's {IMAGENET_CLASSES}"
    if folders != classes:
        return f"the folder has {folders} of {classes} classes, accuracies are printed for all of them"
    return ""


def published_rows(model: str, accuracy: Mapping[str, float | None], *, comparable: bool) -> Iterator[dict[str, Any]]:
    """Each printed top-1 and top-5 of a model, with its source.

    Args:
        model: A registered name, or one of timm's.
        accuracy: ``top1_percent``, ``top1_low_percent``, ``top1_high_percent``, and those of ``top5`` [%].
        comparable: Whether the printed number is about the same classes; else nothing is said of its place.
    """
    for row in list_accuracies(model):
        ours, low, high = (accuracy[f"{row.metric}{end}_percent"] for end in ("", "_low", "_high"))
        place: dict[str, Any] = {"difference_percent": None, "in_interval": None}
        if comparable and ours is not None and low is not None and high is not None:
            printed, half = float(row.value), float(row.step) / 2
            # The digits printed stand for all numbers that round to them.
            inside = low <= printed + half and printed - half <= high
            place = {"difference_percent": ours - printed, "in_interval": inside}
        yield {
            "metric": row.metric,
            "printed_percent": float(row.value),
            **place,
            "source": row.source,
            "locator": row.locator,
            "conditions": row.conditions,
            "note": "; ".join(filter(None, (row.note, _PUBLISHERS if is_guest(model) else ""))),
        }
