"""Image files as the tensors that ImageNet classifiers are evaluated on."""

from __future__ import annotations

import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from rexnet_core.errors import InputError

if TYPE_CHECKING:
    import os

    import numpy.typing as npt

#: What the networks were trained with, per colour of pixels in [0, 1].
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
#: The centre crop is this part of the shorter side.
CROP_RATIO = 0.875
#: Resized by its shorter side, a strip would grow to gigabytes.
MOST_OBLONG = 32
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
#: The readers that a file may choose, by its content: those of the suffixes and no other, whatever the file claims.
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
Interpolation = Literal["bicubic", "bilinear"]
INTERPOLATIONS: tuple[Interpolation, ...] = get_args(Interpolation)
_RESAMPLING = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
#: Warning filters belong to the whole process: two threads that set them at once would undo each other's.
_FILTERS = threading.Lock()


def list_images(folder: str | os.PathLike[str]) -> list[Path]:
    """The files in a folder whose suffix is one of `SUFFIXES`, in the order of their names; its folders are left out.

    Raises:
        InputError: It is no folder that can be read, or has no such file.
    """
    place = Path(folder)
    try:
        images = sorted(file for file in place.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file())
    except OSError as error:
        raise InputError(f"images come from a folder; {place}: {error.strerror}; name one that can be read") from None
    if not images:
        raise InputError(f"{place} has no image; put files ending in {', '.join(SUFFIXES)} there, not in subfolders")
    return images


def load_image(
    path: str | os.PathLike[str],
    resolution: int,
    *,
    crop_ratio: float = CROP_RATIO,
    interpolation: Interpolation = "bicubic",
    upright: bool = True,
) -> npt.NDArray[np.float32]:
    """One image in RGB, its shorter side resized to resolution / crop_ratio, its centre cut out, normalised.

    Of an animation the first frame is taken; transparency is dropped. Safe to call from several threads.

    Args:
        path: A file in one of the formats of `SUFFIXES`.
        resolution: Side of the square that is cut out [pixels].
        crop_ratio: That side over the shorter side of the resized image, above 0 and up to 1.
        interpolation: Method of the resizing, whose filter widens with the step down.
        upright: Whether to turn the image as its EXIF entry says.

    Returns:
        Shape ``(3, resolution, resolution)``: pixels in [0, 1] minus `IMAGENET_MEAN`, over `IMAGENET_STD`.

    Raises:
        InputError: The file can't be read, is no image, is cut short, is a strip, or unpacks to more pixels
            than is safe.
    """
    image = _decode(Path(path), upright=upright)
    if max(image.size) > MOST_OBLONG * min(image.size):
        size = f"{image.width} x {image.height}"
        raise InputError(f"an image's sides differ {MOST_OBLONG}-fold at most; {path} is {size}; crop or remove it")
    square = _cut(image, resolution, resized_side(resolution, crop_ratio), _RESAMPLING[interpolation])
    pixels = np.asarray(square, np.float32) / np.float32(255)
    normalised = (pixels - np.array(IMAGENET_MEAN, np.float32)) / np.array(IMAGENET_STD, np.float32)
    return np.ascontiguousarray(normalised.transpose(2, 0, 1))


def resized_side(resolution: int, crop_ratio: float = CROP_RATIO) -> int:
    """What the shorter side is resized to before the square is cut out [pixels]."""
    return round(resolution / crop_ratio)


def _decode(path: Path, *, upright: bool) -> Image.Image:
    try:
        with _open(path) as image:
            return (ImageOps.exif_transpose(image) if upright else image).convert("RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        limit = Image.MAX_IMAGE_PIXELS
        raise InputError(f"an image has at most {limit} pixels; {path} unpacks to more; shrink or remove it") from None
    except UnidentifiedImageError:
        raise InputError(f"{path} is no image in a known format; remove it from the folder or replace it") from None
    # Pillow's readers meet a damaged file with whatever their parsing runs into.
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, KeyError, MemoryError) as error:
        raise InputError(f"{path} can't be read as an image ({_first_line(error)}); replace or remove it") from None


def _open(path: Path) -> Image.Image:
    """The image with its header read; its pixels are read when they are asked for."""
    with _FILTERS, warnings.catch_warnings():
        # Pillow warns at its limit of pixels and fails at twice that; a file that size is no photograph.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        return Image.open(path, formats=_FORMATS)


def _first_line(error: Exception) -> str:
    text = (error.strerror if isinstance(error, OSError) and error.strerror else str(error)) or type(error).__name__
    return text.splitlines()[0]


def _cut(image: Image.Image, resolution: int, shorter: int, resampling: Image.Resampling) -> Image.Image:
    """The centre square of an image whose shorter side is resized to `shorter`."""
    scale = shorter / min(image.size)
    width, height = (max(resolution, round(side * scale)) for side in image.size)
    left, top = (width - resolution) // 2, (height - resolution) // 2
    resized = image.resize((width, height), resampling)
    return resized.crop((left, top, left + resolution, top + resolution))
