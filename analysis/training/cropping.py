"""A random part of a picture, resized with the filter that training on ImageNet has used: Pillow's, which averages.

kornia's ``RandomResizedCrop`` reads single pixels when it makes a crop smaller (no antialiasing in 0.9.0), which
validation pictures are not prepared with.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    import numpy.typing as npt

    Box = tuple[int, int, int, int]

_RESAMPLING = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
#: Width over height of a crop. Source: Szegedy et al. 2014, arXiv 1409.4842, section 6.
RATIO = (3 / 4, 4 / 3)
_TRIES = 10


def draw_box(random: np.random.Generator, width: int, height: int, least: float) -> Box:
    """A crop of a part of the area between `least` and 1, with a ratio of its sides between 3/4 and 4/3.

    After ten tries that do not fit, the centre is taken, as large as the ratio allows.

    Source: the algorithm of torchvision 0.28 ``RandomResizedCrop.get_params``.

    Returns:
        Left, upper, right and lower border [pixels].
    """
    low, high = map(math.log, RATIO)
    for _ in range(_TRIES):
        area = width * height * random.uniform(least, 1.0)
        ratio = math.exp(random.uniform(low, high))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            left, top = int(random.integers(width - w + 1)), int(random.integers(height - h + 1))
            return left, top, left + w, top + h
    w, h = min(width, round(height * RATIO[1])), min(height, round(width / RATIO[0]))
    left, top = (width - w) // 2, (height - h) // 2
    return left, top, left + w, top + h


def cut(image: Image.Image, box: Box, side: int, interpolation: str, *, mirrored: bool) -> npt.NDArray[np.float32]:
    """A part of an image, resized to a square, mirrored if asked for.

    Returns:
        Shape ``(3, side, side)``, from 0 to 1.
    """
    square = image.resize((side, side), _RESAMPLING[interpolation], box=box)
    pixels = np.asarray(square, np.float32) / np.float32(255)
    return np.ascontiguousarray(pixels[:, ::-1] if mirrored else pixels).transpose(2, 0, 1).copy()
