"""Image files as the tensors that ImageNet classifiers are evaluated on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from PIL import Image

from rexnet_core.errors import InputError
from rexnet_core.files import refused_paths
from rexnet_core.geometry import Geometry, place_window
from rexnet_core.image_decoding import decode
from rexnet_core.resizing import resize_unsmoothed

if TYPE_CHECKING:
    import os
    from contextlib import AbstractContextManager

    import numpy.typing as npt

    from rexnet_core.image_decoding import ImageFile

#: What the networks were trained with, per colour of pixels in [0, 1].
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
#: The centre crop is this part of the shorter side.
CROP_RATIO = 0.875
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
#: The rule where no publisher's is known.
USUAL_RULE = "imagenet"
#: As mean and deviation of each colour they leave pixels as they are, from 0 to 255: the model normalises itself.
AS_THEY_ARE = ((0.0,) * 3, (1 / 255,) * 3)
#: Geometries whose resizing leaves pixels out instead of smoothing.
UNSMOOTHED = frozenset({"pycls", "paddleclas", "tensorflow"})
ChannelOrder = Literal["rgb", "bgr"]
Interpolation = Literal["bicubic", "bilinear"]
INTERPOLATIONS: tuple[Interpolation, ...] = get_args(Interpolation)
CHANNEL_ORDERS: tuple[ChannelOrder, ...] = get_args(ChannelOrder)
_RESAMPLING = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """How an image becomes the input of a model; as ImageNet's classifiers mostly have it by default.

    `rexnet_core.publishers` has the rules of publishers.

    Args:
        rule: Name of the publisher's rule that this is.
        geometry: Whose rounding of sides and offsets, and whose filter.
        crop_ratio: Side of the centre crop over the shorter side of the resized image.
        side: The model's input side that `resized_side` belongs to [pixels].
        resized_side: What the shorter side is resized to at that side; at others, and where it is None, `crop_ratio`
            says it, rounded down.
        interpolation: Of the resizing.
        mean: Per colour of pixels in [0, 1], in the order red, green, blue.
        std: Alike.
        channel_order: In which the model takes the colours.
        upright: Whether images are turned as their EXIF entry says; most loaders, and most training, did not.
        note: Where the model's author prepares images in another way that is not done here.
    """

    rule: str = USUAL_RULE
    geometry: Geometry = "torchvision"
    crop_ratio: float = CROP_RATIO
    side: int | None = None
    resized_side: int | None = None
    interpolation: Interpolation = "bicubic"
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    channel_order: ChannelOrder = "rgb"
    upright: bool = False
    note: str = ""

    @property
    def keeps_pixels(self) -> bool:
        """Whether pixels go into the model as they are, from 0 to 255."""
        return (self.mean, self.std) == AS_THEY_ARE

    def shorter_side(self, resolution: int) -> int:
        """What the shorter side is resized to for an input of that side, rounded down as timm does [pixels]."""
        if self.resized_side is not None and self.side in {None, resolution}:
            return max(self.resized_side, resolution)
        return math.floor(resolution / self.crop_ratio)

    def in_words(self, resolution: int) -> str:
        """The rule and what it does to an image for an input of that side, in some words."""
        shorter = self.shorter_side(resolution)
        smooth = ", unsmoothed" if self.geometry in UNSMOOTHED else ""
        resized = f"{self.interpolation}{smooth}"
        if self.geometry == "tensorflow":
            steps = f"centre of {resolution}/{shorter} of the shorter side, resized to {resolution} px, {resized}"
        else:
            which = "both sides" if self.geometry == "squash" else "shorter side"
            steps = f"{which} to {shorter} px, {resized}; centre {resolution} px"
        return f"{self.rule}: {steps}; {self.channel_order.upper()}"

    def choose(
        self,
        *,
        crop_ratio: float | None = None,
        interpolation: Interpolation | None = None,
        channel_order: ChannelOrder | None = None,
        upright: bool | None = None,
    ) -> Preprocessing:
        """The same with what a caller asked for; None leaves it as it is."""
        chosen = replace(
            self,
            interpolation=interpolation or self.interpolation,
            channel_order=channel_order or self.channel_order,
            upright=upright or self.upright,
        )
        return chosen if crop_ratio is None else replace(chosen, crop_ratio=crop_ratio, resized_side=None)


#: Resized and cut as usual; pixels stay numbers from 0 to 255.
PIXELS = Preprocessing(mean=(0.0, 0.0, 0.0), std=(1 / 255, 1 / 255, 1 / 255))


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


def load_as_published(path: str | os.PathLike[str], resolution: int, steps: Preprocessing) -> npt.NDArray[np.float32]:
    """One image as a model's author prepares it: read, resized and cropped, normalised.

    Args:
        path: A file in one of the formats of `SUFFIXES`.
        resolution: Side of the square that is cut out [pixels].
        steps: What is done.

    Returns:
        Shape ``(3, resolution, resolution)``.

    Raises:
        InputError: `read_image` refuses the file.
    """
    return normalise(resize_and_crop(read_image(Path(path), steps), resolution, steps), steps)


def read_image(source: ImageFile, steps: Preprocessing, *, name: str = "") -> Image.Image:
    """The pixels of a file, of what one holds, or of a stream, in RGB and turned as `steps` says.

    Raises:
        InputError: `rexnet_core.image_decoding.decode` refuses them.
    """
    return decode(source, upright=steps.upright, name=name)


def resize_and_crop(image: Image.Image, resolution: int, steps: Preprocessing) -> npt.NDArray[np.uint8]:
    """The pixels of an RGB image that the model sees, in RGB: shape ``(resolution, resolution, 3)``.

    Args:
        image: As `read_image` gives it.
        resolution: Side of the square that is cut out [pixels].
        steps: What is done.
    """
    window = place_window(steps.geometry, image.size, resolution, steps.shorter_side(resolution))
    if steps.geometry in UNSMOOTHED:
        cubic, centred = steps.interpolation == "bicubic", steps.geometry != "tensorflow"
        return resize_unsmoothed(np.asarray(image), window, resolution, cubic=cubic, centred=centred)
    resized = image.resize(window.size, _RESAMPLING[steps.interpolation], window.box)
    box = (window.left, window.top, window.left + resolution, window.top + resolution)
    return np.asarray(resized.crop(box))


def resize_and_crop_pixels(
    pixels: npt.NDArray[np.uint8], resolution: int, steps: Preprocessing
) -> npt.NDArray[np.uint8]:
    """What `resize_and_crop` gives for an image in memory, of shape ``(H, W, 3)``."""
    return resize_and_crop(Image.fromarray(pixels), resolution, steps)


def normalise(
    pixels: npt.NDArray[np.uint8], steps: Preprocessing, *, last: bool = False, dtype: npt.DTypeLike = np.float32
) -> npt.NDArray[Any]:
    """The input of the model from what `resize_and_crop` gave, in the model's order of colours.

    Args:
        pixels: Shape ``(side, side, 3)``.
        steps: What is done.
        last: Whether the colours come last in the model's input; else its shape is ``(3, side, side)``.
        dtype: Of the input.
    """
    values: npt.NDArray[Any] = pixels
    if not steps.keeps_pixels:
        scaled = pixels.astype(np.float32) / np.float32(255)
        values = (scaled - np.array(steps.mean, np.float32)) / np.array(steps.std, np.float32)
    ordered = values if steps.channel_order == "rgb" else values[..., ::-1]
    return lay_out(ordered.transpose(2, 0, 1), last=last, dtype=dtype)


def lay_out(images: npt.NDArray[Any], *, last: bool, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Images in the layout and the type that a model takes; whole numbers are the nearest.

    Args:
        images: Shape ``(..., 3, H, W)``.
        last: Whether the model takes the colours last.
        dtype: That it takes.
    """
    rounds = images.dtype.kind == "f" and np.dtype(dtype).kind != "f"
    whole = np.rint(images) if rounds else images
    return np.ascontiguousarray(np.moveaxis(whole, -3, -1) if last else whole, dtype)
