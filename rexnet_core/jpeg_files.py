"""JPEG files as bytes, and what decodes them."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import PIL
from PIL import Image, features

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def encode_jpeg(pixels: npt.NDArray[np.uint8], quality: int) -> bytes:
    """What a JPEG file of an RGB image holds.

    Args:
        pixels: Shape ``(height, width, 3)``.
        quality: Pillow's, from 1 to 95.
    """
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return file.getvalue()


def describe_decoder() -> str:
    """The library that decodes JPEG files here, with versions."""
    turbo = features.version("libjpeg_turbo")
    library = f"libjpeg-turbo {turbo}" if turbo else f"libjpeg {features.version('jpg')}"
    return f"Pillow {PIL.__version__} with {library}"
