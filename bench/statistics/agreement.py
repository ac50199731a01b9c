"""How the outputs of a case agree with those of the reference, image by image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bench.records.measurement import Agreement
from bench.statistics.parity import cosine_similarities, relative_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt


def compare_images(
    reference: npt.NDArray[np.float32],
    logits: npt.NDArray[np.float32],
    *,
    words: str,
    images: int,
    widths: Sequence[int] = (),
    labels: npt.NDArray[np.int64] | None = None,
) -> Agreement | None:
    """The agreement on each image; None where an output is no number.

    Args:
        reference: Shape ``(batches, N, values)``.
        logits: Of the same shape.
        words: What the images are.
        images: How many there are; the last batch may have been filled up.
        widths: How many values belong to each output; the arg max is that of the first.
        labels: The class of each image, where it is known.
    """
    expected = reference.reshape(-1, reference.shape[-1])[:images].astype(np.float64)
    outputs = logits.reshape(-1, logits.shape[-1])[:images].astype(np.float64)
    if not np.isfinite(outputs).all():
        return None
    width = widths[0] if widths else expected.shape[1]
    wanted, found = (values[:, :width].argmax(axis=1) for values in (expected, outputs))
    known = labels is not None and len(labels) == images
    return Agreement(
        images=words,
        cosines=tuple(map(float, cosine_similarities(expected, outputs))),
        relative_errors=tuple(map(float, relative_errors(expected, outputs))),
        same_top1=tuple(map(bool, wanted == found)),
        correct=tuple(map(bool, found == labels)) if known else (),
        reference_correct=tuple(map(bool, wanted == labels)) if known else (),
    )
