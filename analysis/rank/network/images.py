"""Images for a probe, in batches that are made as they are asked for: memory does not grow with their number."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from analysis.complexity import check_resolution
from rexnet_core.calibration import draw_image
from rexnet_core.errors import InputError, UnknownNameError
from rexnet_core.preprocess import Preprocessing, list_images, load_as_published

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import numpy.typing as npt
    import torch

Generated = Literal["white", "1/f"]
GENERATED: tuple[Generated, ...] = get_args(Generated)
_SIGNATURE_BYTES = 12
#: How files in the formats that `rexnet_core.preprocess` reads begin: BMP, GIF, JPEG, PNG, TIFF and BigTIFF, WebP.
_SIGNATURE = re.compile(rb"BM|GIF8[79]a|\xff\xd8\xff|\x89PNG\r\n\x1a\n|II[*+]\x00|MM\x00[*+]|RIFF.{4}WEBP", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSource:
    """Images that are the same each time they are asked for, in whatever batches.

    Args:
        kind: ``folder``: files, prepared as `steps` says. ``white``: independent Gaussian pixels of unit variance.
            ``1/f``: noise whose power falls with frequency, differing in contrast and colour as photographs do.
        count: Images.
        resolution: Side of the square images [pixels].
        seed: Seed of generated images; each is drawn from (seed, its index) alone.
        paths: The files of a folder, `count` of them.
        steps: How files are prepared; they are turned upright, as a person sees them, whatever it says.
    """

    kind: Literal["folder", "white", "1/f"]
    count: int
    resolution: int
    seed: int = 0
    paths: tuple[Path, ...] = ()
    steps: Preprocessing = field(default_factory=Preprocessing)

    def batches(self, size: int) -> Iterator[torch.Tensor]:
        """Tensors of shape (n, 3, resolution, resolution), float32, in order; n is at most `size`.

        The batches differ by at most one image, so that no short one is left to the end: of the statistics of a
        batch of one nothing could be learnt.

        Raises:
            InputError: A file is no image.
        """
        import torch  # noqa: PLC0415 - options are checked without torch

        pieces = np.array_split(np.arange(self.count), -(-self.count // size))
        for piece in pieces:
            yield torch.from_numpy(np.stack([self._image(int(index)) for index in piece]))

    def _image(self, index: int) -> npt.NDArray[np.float32]:
        if self.kind == "folder":
            return load_as_published(self.paths[index], self.resolution, replace(self.steps, upright=True))
        random = np.random.default_rng((self.seed, self.resolution, index))
        if self.kind == "white":
            return random.standard_normal((3, self.resolution, self.resolution), np.float32)
        return draw_image(random, self.resolution).astype(np.float32)


def folder_images(folder: Path, *, resolution: int, count: int | None = None, seed: int = 0) -> ImageSource:
    """The images of a folder, or `count` of them drawn without replacement, in the order of their names.

    The draw goes over the whole folder, as the first files of a sorted data set are often of one class. Of the files
    drawn the first bytes are read, so that one that is no image is found now; a damaged or oversized image is found
    when it is reached.

    Args:
        folder: Read without its subfolders.
        resolution: Side after resizing and cropping [pixels].
        count: Images, at most as many as there are; None is all.
        seed: Seed of the draw.

    Raises:
        InputError: There is no image, there are fewer than `count`, or a file is not an image.
    """
    paths = list_images(folder)
    if count is not None and not 1 <= count <= len(paths):
        has, give = ("1 image", "1") if len(paths) == 1 else (f"{len(paths)} images", f"1 to {len(paths)}")
        raise InputError(f"{folder} has {has}, {count} were asked for; give {give}")
    check_resolution(resolution)
    chosen = np.sort(np.random.default_rng(seed).permutation(len(paths))[:count])
    picked = tuple(paths[index] for index in chosen)
    _check_signatures(picked, resolution)
    return ImageSource(kind="folder", count=len(picked), resolution=resolution, seed=seed, paths=picked)


def _check_signatures(paths: Iterable[Path], resolution: int) -> None:
    """Find a file that is no image by its first bytes; whatever is not known by them is decoded, which says why."""
    for path in paths:
        try:
            with path.open("rb") as file:
                start = file.read(_SIGNATURE_BYTES)
        except OSError:
            start = b""
        if not _SIGNATURE.match(start):
            load_as_published(path, resolution, Preprocessing(upright=True))


def generated_images(kind: str, *, resolution: int, count: int, seed: int = 0) -> ImageSource:
    """Images made from a seed.

    Args:
        kind: ``white`` or ``1/f``.
        resolution: Side [pixels].
        count: Images, 1 or more.
        seed: Whole number from 0 on.

    Raises:
        InputError: A value is out of range.
    """
    if kind not in GENERATED:
        raise UnknownNameError("kind of generated images", kind, GENERATED)
    if count < 1:
        raise InputError(f"a probe needs at least one image; got {count}")
    if seed < 0:
        raise InputError(f"a seed is a whole number from 0 on; got {seed}")
    return ImageSource(kind=kind, count=count, resolution=check_resolution(resolution), seed=seed)
