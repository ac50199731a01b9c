"""Converted forms of a classifier beside the original: each sees the same images and is compared image by image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import torch

from analysis.accuracy.hits import TOP, ranks_of
from analysis.accuracy.shares import tell_change, tell_share
from analysis.statistics.paired_shares import count_pairs, mcnemar_p, paired_change

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

    Pixels = npt.NDArray[np.float32]


class Converted(Protocol):
    """A converted form of a classifier. It runs elsewhere, and whatever ends it is told and never raised."""

    def classify(self, images: Pixels) -> Pixels | None:
        """Logits of shape (N, classes) for images of shape (N, 3, H, W); None where it has come to its end."""

    def describe(self) -> dict[str, Any]:
        """What it is as plain values, with ``status`` and ``reason``."""


@dataclass(slots=True)
class _Seen:
    """What a classifier said of the images so far, batch by batch.

    Args:
        ranks: The place of the label among its logits, from 0.
        firsts: The class with the largest logit.
        fault: Why it says no more.
    """

    ranks: list[torch.Tensor] = field(default_factory=list)
    firsts: list[torch.Tensor] = field(default_factory=list)
    fault: str = ""

    def add(self, logits: torch.Tensor, labels: torch.Tensor) -> None:
        self.ranks.append(ranks_of(logits, labels))
        self.firsts.append(logits.argmax(1))

    def within(self, places: int, images: int) -> npt.NDArray[np.bool_]:
        """Whether the label was among the first classes, for each of the first images."""
        right: npt.NDArray[np.bool_] = (torch.cat(self.ranks)[:images] < places).numpy()
        return right


class Comparison:
    """Shows each batch to the converted forms after the original has seen it."""

    def __init__(self, converted: Sequence[Converted]) -> None:
        self._original = _Seen()
        self._forms = [(one, _Seen()) for one in converted]

    def __call__(self, pixels: Pixels, logits: torch.Tensor, labels: torch.Tensor) -> None:
        """A batch of images with the logits of the original."""
        if not self._forms:
            return
        self._original.add(logits, labels)
        for form, seen in self._forms:
            own = None if seen.fault else form.classify(pixels)
            if own is not None and not (fault := _find_fault(own, logits)):
                seen.add(torch.from_numpy(own), labels)
            else:
                seen.fault = seen.fault or (fault if own is not None else "ended")

    def list_rows(self, images: int, classes: int) -> Iterator[dict[str, Any]]:
        """For each form what it is, its accuracy on the first images, and how that differs from the original's.

        A form that came to its end has no numbers: they would be about fewer images.
        """
        for form, seen in self._forms:
            told = form.describe()
            if seen.fault:
                if told["status"] in {"ok", "mismatch"}:
                    told |= {"status": "failed", "reason": seen.fault}
                yield told
                continue
            yield told | self._compare(seen, images, classes)

    def _compare(self, seen: _Seen, images: int, classes: int) -> dict[str, Any]:
        row: dict[str, Any] = {"images": images}
        for metric, places in (("top1", 1), ("top5", TOP)):
            own, original = (one.within(places, images) for one in (seen, self._original))
            known = classes >= places
            row |= tell_share(metric, int(own.sum()) if known else None, images)
            row |= tell_change(metric, paired_change(original, own) if known else None)
            row[f"{metric}_mcnemar_p"] = mcnemar_p(original, own) if known else None
        pairs = count_pairs(self._original.within(1, images), seen.within(1, images))
        same = int((torch.cat(self._original.firsts)[:images] == torch.cat(seen.firsts)[:images]).sum())
        return row | {
            "both_right": pairs.both,
            "only_original_right": pairs.only_original,
            "only_converted_right": pairs.only_converted,
            "both_wrong": pairs.neither,
            **tell_share("same_top1", same, images, counted="images"),
        }


def _find_fault(own: Pixels, logits: torch.Tensor) -> str:
    """Why logits can't be compared with the original's; empty where they can."""
    if own.shape != tuple(logits.shape):
        return f"its output has the shape {own.shape} in place of {tuple(logits.shape)}"
    return "" if bool(torch.from_numpy(own).isfinite().all()) else "its output has NaN or infinite values"
