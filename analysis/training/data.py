"""The pictures of a training and of its validation, with their classes. No torch here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from analysis.accuracy.classes import read_classes
from analysis.accuracy.folder import LabelledImage, read_folder
from rexnet_core.errors import InputError
from rexnet_core.preprocess import refused_folders

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from analysis.accuracy.folder import LabelledFolder
    from analysis.training.setting import TrainingSetting

_TRAIN, _VAL = "train", "val"
#: Names that a message shows.
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingData:
    """The pictures of a training.

    Args:
        folder: Of the training pictures.
        val_folder: Of the validation pictures; the same where they are a part of these.
        train: Training pictures.
        val: Validation pictures.
        classes: Names of the classes in the order of the labels.
        left_out: Files that are no pictures.
    """

    folder: Path
    val_folder: Path
    train: tuple[LabelledImage, ...]
    val: tuple[LabelledImage, ...]
    classes: tuple[str, ...]
    left_out: int

    def fingerprint(self) -> str:
        """Tells other pictures, classes or labels by their names; contents are not read."""
        digest = hashlib.sha256("\0".join(self.classes).encode("utf-8", "surrogateescape"))
        for folder, images in ((self.folder, self.train), (self.val_folder, self.val)):
            for image in images:
                line = f"\n{image.path.relative_to(folder)}\0{image.label}"
                digest.update(line.encode("utf-8", "surrogateescape"))
        return digest.hexdigest()


def read_data(setting: TrainingSetting) -> TrainingData:
    """The pictures that a setting names.

    Raises:
        InputError: There are none to train or to validate with, fewer than two classes, a class has no picture, or
            the classes of both differ.
    """
    with refused_folders(setting.data):
        folder, val_folder = _places(setting)
    found = read_folder(folder, setting.classes_file)
    classes = _name_classes(folder, found, setting.classes_file)
    if len(classes) < 2:  # noqa: PLR2004 - one class is always right
        raise InputError(f"a classifier needs two classes or more, {folder} has only {classes[0]!r}; add class folders")
    if val_folder is None:
        assert setting.val_share is not None, "one of both is given"
        train, val = _split(found.images, setting.val_share, setting.seed)
        return TrainingData(
            folder=folder, val_folder=folder, train=train, val=val, classes=classes, left_out=found.left_out
        )
    others = read_folder(val_folder, setting.classes_file)
    _check_same(classes, _name_classes(val_folder, others, setting.classes_file), folder, val_folder)
    return TrainingData(
        folder=folder,
        val_folder=val_folder,
        train=found.images,
        val=others.images,
        classes=classes,
        left_out=found.left_out + others.left_out,
    )


def _places(setting: TrainingSetting) -> tuple[Path, Path | None]:
    """Folders of the training and the validation pictures, the latter None where the former are divided."""
    inner = setting.data / _TRAIN
    folder = inner if inner.is_dir() else setting.data
    if setting.val_share is not None:
        if inner.is_dir() and (setting.data / _VAL).is_dir():
            raise InputError(
                f"--val-share keeps a part of the training pictures, and {setting.data} has {_VAL} besides; leave the "
                f"option out, or name {inner} as the data"
            )
        return folder, None
    if setting.val is not None:
        return folder, setting.val
    if inner.is_dir() and (setting.data / _VAL).is_dir():
        return folder, setting.data / _VAL
    raise InputError(
        f"a training needs validation pictures, {setting.data} has no {_TRAIN} and {_VAL}; give --val FOLDER, or "
        "--val-share 0.1 to keep a tenth of the training pictures"
    )


def _name_classes(folder: Path, found: LabelledFolder, classes_file: Path | None) -> tuple[str, ...]:
    if classes_file is None:
        return tuple(sorted({image.path.relative_to(folder).parts[0] for image in found.images}))
    names = read_classes(classes_file)
    present = {image.label for image in found.images}
    if missing := [name for label, name in enumerate(names) if label not in present]:
        raise InputError(f"each class must have pictures, {folder} has none of {_list(missing)}; add or remove them")
    return names


def _check_same(train: Sequence[str], val: Sequence[str], folder: Path, val_folder: Path) -> None:
    if set(train) == set(val):
        return
    only = [f"only {place} has {_list(names)}" for place, names in _differences(train, val, folder, val_folder)]
    raise InputError(f"the classes must be the same in training and validation; {', '.join(only)}; add or remove them")


def _differences(
    train: Sequence[str], val: Sequence[str], folder: Path, val_folder: Path
) -> Iterable[tuple[Path, list[str]]]:
    sides = ((folder, set(train) - set(val)), (val_folder, set(val) - set(train)))
    return [(place, sorted(names)) for place, names in sides if names]


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(map(repr, names[:_SHOWN])) + more


def _split(
    images: Sequence[LabelledImage], share: float, seed: int
) -> tuple[tuple[LabelledImage, ...], tuple[LabelledImage, ...]]:
    """Training and validation pictures, the latter that share of each class, at least one, chosen by the seed."""
    train: list[LabelledImage] = []
    val: list[LabelledImage] = []
    for label, members in groupby(sorted(images, key=lambda image: (image.label, image.path)), lambda one: one.label):
        own = list(members)
        if len(own) < 2:  # noqa: PLR2004 - one for each side
            raise InputError(
                f"--val-share needs two pictures or more of each class, {own[0].path.parent} has one; add some"
            )
        kept = min(len(own) - 1, max(1, round(share * len(own))))
        order = np.random.default_rng((seed, label)).permutation(len(own))
        chosen = {int(place) for place in order[:kept]}
        val += [image for place, image in enumerate(own) if place in chosen]
        train += [image for place, image in enumerate(own) if place not in chosen]
    return tuple(train), tuple(val)
