"""The pictures on which an artefact is compared with the original. No torch here."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from rexnet_core.preprocess import read_image, resize_and_crop

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from bench.exporting.form import Form
    from rexnet_core.preprocess import Preprocessing

#: Pictures that are compared, at least.
COUNT = 6
_PATCHES = 6


def make_sets(form: Form) -> list[npt.NDArray[np.uint8]]:
    """Made-up pictures of the side that an artefact takes, or of two shapes where it takes any: two calls at least."""
    if form.resized_side is None:
        return [make_pictures(_count(form), form.side)]
    short, long = _any_sides(form.resized_side)
    large = make_pictures(_count(form), long)
    return [np.ascontiguousarray(large[:, :short]), np.ascontiguousarray(large[:, :, :short])]


def read_sets(form: Form, files: Sequence[Path], steps: Preprocessing) -> list[npt.NDArray[np.uint8]]:
    """The same of pictures in files, which are prepared as the original's are, and used again where they are few."""
    images = [read_image(file, steps) for file in itertools.islice(itertools.cycle(files), _count(form))]
    if form.resized_side is None:
        return [np.stack([resize_and_crop(image, form.side, steps) for image in images])]
    short, long = _any_sides(form.resized_side)
    return [np.stack([np.asarray(one.resize(sides)) for one in images]) for sides in ((long, short), (short, long))]


def _count(form: Form) -> int:
    batch = form.batch or COUNT
    return -(-COUNT // batch) * batch


def _any_sides(resized: int) -> tuple[int, int]:
    return resized + 41, 2 * resized + 87


def make_pictures(count: int, side: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Pictures in RGB with coloured patches that fade into each other, some noise, and every value from 0 to 255.

    Returns:
        Shape ``(count, side, side, 3)``.
    """
    random = np.random.default_rng(seed)
    coarse = random.uniform(-40, 295, (count, _PATCHES, _PATCHES, 3))
    # No two channels have the same mean, so that pictures of another channel order are others.
    coarse = np.clip(coarse + np.array([40.0, 0.0, -40.0]), 0, 255)
    places = np.linspace(0, _PATCHES - 1, side)
    low = np.minimum(places.astype(int), _PATCHES - 2)
    part = (places - low)[:, None]
    rows = coarse[:, low] * (1 - part[:, None]) + coarse[:, low + 1] * part[:, None]
    smooth = rows[:, :, low] * (1 - part) + rows[:, :, low + 1] * part
    noisy = smooth + random.normal(0, 8, smooth.shape)
    pictures: npt.NDArray[np.uint8] = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    return pictures


def lay_out(pictures: npt.NDArray[np.uint8], form: Form) -> npt.NDArray[np.uint8 | np.float32]:
    """Pictures in RGB as the artefact takes them."""
    ordered = pictures[..., ::-1] if form.input_order == "bgr" else pictures
    laid = ordered if form.input_layout == "nhwc" else ordered.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(laid, form.input_type)
