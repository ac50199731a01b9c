"""Image files as the tensors that ImageNet classifiers are evaluated on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from PIL import Image

from rexnet_core.errors import InputError
from rexnet_core.files import refused_paths
from rexnet_core.image_decoding import decode

if TYPE_CHECKING:
    import os
    from contextlib import AbstractContextManager

    import numpy.typing as npt

#: What the networks were trained with, per colour of pixels in [0, 1].
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
#: The centre crop is this part of the shorter side.
CROP_RATIO = 0.875
#: Resized by its shorter side, a strip would grow to gigabytes.
MOST_OBLONG = 32
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
Interpolation = Literal["bicubic", "bilinear"]
INTERPOLATIONS: tuple[Interpolation, ...] = get_args(Interpolation)
_RESAMPLING = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """How an image becomes the input of a model; as ImageNet's classifiers mostly have it by default.

    Args:
        crop_ratio: Side of the centre crop over the shorter side of the resized image.
        interpolation: Of the resizing.
        mean: Per colour of pixels in [0, 1].
        std: Alike.
        note: Where the model's author prepares images in another way that is not done here.
    """

    crop_ratio: float = CROP_RATIO
    interpolation: Interpolation = "bicubic"
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    note: str = ""


def is_image_name(name: str) -> bool:
    """Whether a file is taken for an image by its name: not hidden, and with one of `SUFFIXES`.

    Systems leave hidden files of the same suffix, such as macOS's ``._photo.jpg``, which are no images.
    """
    return not name.startswith(".") and name.lower().endswith(SUFFIXES)


def refused_folders(folder: Path) -> AbstractContextManager[None]:
    """A context in which a folder of images that can't be read is an error of the caller."""
    return refused_paths("images come from a folder", folder, "name one that can be read")


def list_images(folder: str | os.PathLike[str]) -> list[Path]:
    """The images of a folder by `is_image_name`, in the order of their names; its folders are left out.

    Raises:
        InputError: It is no folder that can be read, or has no such file.
    """
    place = Path(folder)
    with refused_folders(place):
        images = sorted(file for file in place.iterdir() if is_image_name(file.name) and file.is_file())
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
    mean: tuple[float, float, float] = IMAGENET_MEAN,
    std: tuple[float, float, float] = IMAGENET_STD,
) -> npt.NDArray[np.float32]:
    """One image in RGB, its shorter side resized to resolution / crop_ratio, its centre cut out, normalised.

    Of an animation the first frame is taken; transparency is dropped. Grey images of 16 bits are scaled to 8. Safe to
    call from several threads.

    Args:
        path: A file in one of the formats of `SUFFIXES`.
        resolution: Side of the square that is cut out [pixels].
        crop_ratio: That side over the shorter side of the resized image, above 0 and up to 1.
        interpolation: Method of the resizing, whose filter widens with the step down.
        upright: Whether to turn the image as its EXIF entry says; TIFF is turned in any case, as Pillow reads it so.
        mean: Subtracted from pixels in [0, 1], per colour.
        std: What the difference is divided by, per colour.

    Returns:
        Shape ``(3, resolution, resolution)``.

    Raises:
        InputError: The file can't be read, is no image, is cut short, is a strip, unpacks to more pixels than is
            safe, or has pixels whose black and white are not known: 32 bits, or floating point.
    """
    image = decode(Path(path), upright=upright)
    if max(image.size) > MOST_OBLONG * min(image.size):
        size = f"{image.width} x {image.height}"
        raise InputError(f"an image's sides differ {MOST_OBLONG}-fold at most; {path} is {size}; crop or remove it")
    square = _cut(image, resolution, resized_side(resolution, crop_ratio), _RESAMPLING[interpolation])
    pixels = np.asarray(square, np.float32) / np.float32(255)
    normalised = (pixels - np.array(mean, np.float32)) / np.array(std, np.float32)
    return np.ascontiguousarray(normalised.transpose(2, 0, 1))


def load_as_published(path: str | os.PathLike[str], resolution: int, steps: Preprocessing) -> npt.NDArray[np.float32]:
    """One image as `load_image` gives it, prepared as a model's author does.

    Printed accuracies come from loaders that don't turn images as EXIF says, and training's didn't either.
    """
    return load_image(
        path,
        resolution,
        crop_ratio=steps.crop_ratio,
        interpolation=steps.interpolation,
        upright=False,
        mean=steps.mean,
        std=steps.std,
    )


def resized_side(resolution: int, crop_ratio: float = CROP_RATIO) -> int:
    """What the shorter side is resized to before the square is cut out, rounded down as timm does [pixels]."""
    return math.floor(resolution / crop_ratio)


def _cut(image: Image.Image, resolution: int, shorter: int, resampling: Image.Resampling) -> Image.Image:
    """The centre square of an image whose shorter side is resized to `shorter`.

    Source: torchvision 0.28 ``Resize`` and ``CenterCrop``, which cut off the longer side and round the offset to even.
    """
    longer = int(shorter * max(image.size) / min(image.size))
    width, height = (shorter, longer) if image.width <= image.height else (longer, shorter)
    left, top = round((width - resolution) / 2), round((height - resolution) / 2)
    resized = image.resize((width, height), resampling)
    return resized.crop((left, top, left + resolution, top + resolution))
