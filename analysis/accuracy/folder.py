"""A folder of labelled images in the layout of torchvision's ImageFolder: one subfolder a class. No torch here."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.accuracy.classes import index_classes
from rexnet_core.errors import InputError
from rexnet_core.preprocess import is_image_name, refused_folders

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    #: Device and inode of a folder and of those around it.
    Trail = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """A file and the index of its class."""

    path: Path
    label: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledFolder:
    """The images of a folder with their classes.

    Args:
        images: By class folder, then by path.
        classes: How many there are, whether each has a folder or not.
        folders: How many of them have one.
        left_out: Files that are hidden, stand outside the class folders, or end in no suffix of an image; and hidden
            folders.
    """

    images: tuple[LabelledImage, ...]
    classes: int
    folders: int
    left_out: int

    def spread(self, limit: int | None) -> tuple[LabelledImage, ...]:
        """At most `limit` images at even distances over the whole folder, so that all classes are among them."""
        total = len(self.images)
        if limit is None or limit >= total:
            return self.images
        return tuple(self.images[(2 * index + 1) * total // (2 * limit)] for index in range(limit))


def read_folder(folder: Path, classes_file: Path | None = None, told: Sequence[str] = ()) -> LabelledFolder:
    """The images below each class folder, links followed.

    Without a file the class folders are all classes, their index is their place in the order of names: so
    torchvision gives them, and ImageNet's 1000 folders in that order are the outputs of its checkpoints.

    Args:
        folder: Holds one folder for each class.
        classes_file: Names all classes in the order of the outputs; then some folders may be absent.
        told: The same from the model's file, where it names them as the folders are named.

    Raises:
        InputError: A folder can't be read, leads back into itself or has no image, or the classes don't fit.
    """
    entries = _scan(folder)
    seen = [entry for entry in entries if not entry.name.startswith(".")]
    places = {entry.name: Path(entry.path) for entry in seen if _is_folder(entry)}
    if not places:
        raise InputError(f"{folder} has no subfolder; put the images of each class into a folder of its own there")
    index, classes = index_classes(folder, tuple(places), classes_file, told)
    images: list[LabelledImage] = []
    left_out = len(entries) - len(places)
    trail = (_identity(folder),)
    for name, place in sorted(places.items()):
        files = list(walk_files(place, trail))
        kept = [LabelledImage(path, index[name]) for path, is_kept in files if is_kept]
        if not kept:
            raise InputError(f"each class folder must hold images, {place} has none; fill or remove it")
        images += kept
        left_out += len(files) - len(kept)
    return LabelledFolder(images=tuple(images), classes=classes, folders=len(places), left_out=left_out)


def leave_out(folder: LabelledFolder, pictures: Sequence[Path]) -> LabelledFolder:
    """The folder without some pictures, wherever they are linked from; `folders` counts classes that still have one.

    Raises:
        InputError: No picture is left.
    """
    if not pictures:
        return folder
    known = {_identity(path) for path in pictures}
    kept = tuple(image for image in folder.images if not _is_among(image.path, known))
    if not kept:
        raise InputError(
            "an accuracy needs pictures that no form was calibrated on, all are; give another folder as --calibration"
        )
    return replace(folder, images=kept, folders=len({image.label for image in kept}))


def _is_among(path: Path, known: set[tuple[int, int]]) -> bool:
    try:
        return _identity(path) in known
    except InputError:  # it is told when the image is read
        return False


def walk_files(folder: Path, trail: Trail = (), *, recursive: bool = True) -> Iterator[tuple[Path, bool]]:
    """Each file below a folder and whether it is an image by its name, links followed.

    A folder that is hidden, or not entered, counts as a file that is none.

    Args:
        folder: Where to look.
        trail: The folders around it, into which no link may lead back.
        recursive: Whether folders in it are entered.

    Raises:
        InputError: A folder can't be read, or leads back into itself.
    """
    here = _identity(folder)
    if here in trail:
        raise InputError(f"a folder must not lead back into itself, the link {folder} does; remove it")
    for entry in sorted(_scan(folder), key=lambda entry: entry.name):
        path, hidden = Path(entry.path), entry.name.startswith(".")
        if _is_folder(entry) and not hidden and recursive:
            yield from walk_files(path, (*trail, here))
        else:
            yield path, is_image_name(entry.name) and _may_be_read(entry)


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    with refused_folders(folder), os.scandir(folder) as entries:
        return list(entries)


def _identity(folder: Path) -> tuple[int, int]:
    with refused_folders(folder):
        status = folder.stat()
    return status.st_dev, status.st_ino


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _may_be_read(entry: os.DirEntry[str]) -> bool:
    """Whether it is a file, or a broken link, which counts as damaged; a read from a pipe would never end."""
    try:
        return entry.is_file() or (entry.is_symlink() and not os.path.exists(entry.path))  # noqa: PTH110 - no Path made
    except OSError:
        return True
