"""Which pixels of a picture a network sees: publishers resize and crop alike, and round differently. No Pillow here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Whose way of rounding it is. ``squash`` is timm's, for models that see the whole picture with its sides made equal.
Geometry = Literal["torchvision", "squash", "pycls", "paddleclas", "tensorflow"]
GEOMETRIES: tuple[Geometry, ...] = get_args(Geometry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A square of a resized part of a picture.

    Args:
        box: The part that is resized: left, top, right and bottom [pixels].
        size: What it is resized to: width and height.
        left: Of the square, in the resized part.
        top: Alike.
    """

    box: tuple[int, int, int, int]
    size: tuple[int, int]
    left: int
    top: int


def place_window(geometry: Geometry, size: tuple[int, int], resolution: int, shorter: int) -> Window:
    """Which part of a picture becomes the input, to the pixel as the publisher cuts it.

    Args:
        geometry: Whose rounding.
        size: Width and height of the picture.
        resolution: Side of the square [pixels].
        shorter: What the shorter side is resized to; not less than `resolution`.
    """
    return _PLACES[geometry](*size, resolution, shorter)


def _place_as_torchvision(width: int, height: int, resolution: int, shorter: int) -> Window:
    """The longer side is rounded down, the offset half to even.

    Source: torchvision 0.28 transforms/functional.py, ``_compute_resized_output_size`` and ``center_crop``.
    """
    longer = int(shorter * max(width, height) / min(width, height))
    resized = (shorter, longer) if width <= height else (longer, shorter)
    left, top = (round((side - resolution) / 2) for side in resized)
    return Window(box=(0, 0, width, height), size=resized, left=left, top=top)


def _squash(width: int, height: int, resolution: int, shorter: int) -> Window:
    """Both sides become `shorter`. Source: timm 1.0.31 data/transforms_factory.py, ``crop_mode`` squash."""
    offset = round((shorter - resolution) / 2)
    return Window(box=(0, 0, width, height), size=(shorter, shorter), left=offset, top=offset)


def _place_as_pycls(width: int, height: int, resolution: int, shorter: int) -> Window:
    """The longer side is rounded down after another division, the offset up.

    Source: pycls at 23bcbe0, datasets/transforms.py, ``scale`` and ``center_crop``.
    """
    resized = (shorter, shorter)
    if width < height:
        resized = (shorter, math.floor(height / width * shorter))
    elif height < width:
        resized = (math.floor(width / height * shorter), shorter)
    left, top = (math.ceil((side - resolution) / 2) for side in resized)
    return Window(box=(0, 0, width, height), size=resized, left=left, top=top)


def _place_as_paddleclas(width: int, height: int, resolution: int, shorter: int) -> Window:
    """Sides are rounded half to even, the offset down.

    Source: PaddleClas at 052349e, ppcls/data/preprocess/ops/operators.py, ``ResizeImage`` and ``CropImage``.
    """
    scale = shorter / min(width, height)
    resized = (round(width * scale), round(height * scale))
    left, top = ((side - resolution) // 2 for side in resized)
    return Window(box=(0, 0, width, height), size=resized, left=left, top=top)


def _place_as_tensorflow(width: int, height: int, resolution: int, shorter: int) -> Window:
    """A square is cut out, rounded down in single precision, its offset up; it is resized to the input.

    Source: tensorflow/tpu at b3293eb, models/official/efficientnet/preprocessing.py, ``_decode_and_center_crop``.
    """
    side = max(1, int(np.float32(resolution / shorter) * np.float32(min(width, height))))
    left, top = (width - side + 1) // 2, (height - side + 1) // 2
    return Window(box=(left, top, left + side, top + side), size=(resolution, resolution), left=0, top=0)


_PLACES: Mapping[Geometry, Callable[[int, int, int, int], Window]] = {
    "torchvision": _place_as_torchvision,
    "squash": _squash,
    "pycls": _place_as_pycls,
    "paddleclas": _place_as_paddleclas,
    "tensorflow": _place_as_tensorflow,
}
