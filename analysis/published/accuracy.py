"""The published accuracy that speaks for a model at an input side, whoever printed it. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.published import timm_results
from analysis.published.conditions import is_registered
from analysis.published.table import load, top1
from rexnet_core.registry import model_info

if TYPE_CHECKING:
    from analysis.published.table import PublishedRow

_METRICS = frozenset({"top1", "top5"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """What was printed about a model at a side, or why nothing is known of it.

    Args:
        model: As it was asked for.
        resolution: Side of the square input [pixels].
        top1: The printed top-1; None where none speaks for the model.
        top5: The printed top-5 of the same weights; None where there is none.
        weights: Name of the weights, where the name of the model alone does not say which.
        reason: Why there is no top-1; empty where there is one.
    """

    model: str
    resolution: int
    top1: PublishedRow | None = None
    top5: PublishedRow | None = None
    weights: str = ""
    reason: str = ""

    @property
    def source(self) -> str:
        """Who printed it, about which weights; empty where nobody did."""
        if self.top1 is None:
            return ""
        return f"{self.top1.source}, {self.weights}" if self.weights else self.top1.source


def find_accuracy(model: str, resolution: int) -> Accuracy:
    """The accuracy of a model at an input side: it belongs to the side it was printed for, and to no other.

    Args:
        model: A name of any source; without a number are those that are neither registered nor timm's.
        resolution: Side of the square input [pixels].
    """
    if model.startswith(timm_results.PREFIX):
        return _find_in_timm(model, resolution)
    if is_registered(model):
        return _find_registered(model, resolution)
    return Accuracy(model=model, resolution=resolution, reason="no published accuracies of such models are known here")


def list_accuracies(model: str) -> tuple[PublishedRow, ...]:
    """Every printed top-1 and top-5 of a model, at whatever side."""
    if model.startswith(timm_results.PREFIX):
        return tuple(row for one in timm_results.find_accuracies(model).found for row in one.as_rows())
    return tuple(row for row in load() if row.model == model and row.metric in _METRICS)


def _find_registered(model: str, resolution: int) -> Accuracy:
    printed, native = top1(model), model_info(model).resolution
    if printed is None:
        return Accuracy(model=model, resolution=resolution, reason="nobody printed one that speaks for it")
    if resolution != native:
        return Accuracy(model=model, resolution=resolution, reason=_other_sides([native], resolution))
    rows = (row for row in list_accuracies(model) if row.metric == "top5" and row.source == printed.source)
    return Accuracy(model=model, resolution=resolution, top1=printed, top5=next(rows, None))


def _find_in_timm(model: str, resolution: int) -> Accuracy:
    every = timm_results.find_accuracies(model)
    one = next((one for one in every.found if one.resolution == resolution), None)
    if one is None:
        reason = every.reason or _other_sides([other.resolution for other in every.found], resolution)
        return Accuracy(model=model, resolution=resolution, reason=reason)
    default = "" if model == f"{timm_results.PREFIX}{one.model}" else f" ({timm_results.describe_default()})"
    first, fifth = one.as_rows()
    return Accuracy(model=model, resolution=resolution, top1=first, top5=fifth, weights=f"{one.model}{default}")


def _other_sides(sides: list[int], resolution: int) -> str:
    return f"the published accuracy is for {' and '.join(map(str, sides))} pixels, not for {resolution}"
