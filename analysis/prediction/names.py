"""What the classes of a classifier are called, and who says so. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.accuracy.classes import read_lines
from rexnet_core.class_names import ImageClass, imagenet_classes
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_IMAGENET = "ImageNet's 1000"


@dataclass(frozen=True, slots=True)
class ClassNames:
    """The names of all classes.

    Args:
        source: Whose they are, in words.
        classes: In order; empty where they have no names.
    """

    source: str
    classes: tuple[ImageClass, ...] = ()

    def describe(self, index: int) -> dict[str, str]:
        """``name``, ``short_name`` and ``synset`` of a class, empty where there is none."""
        one = self.classes[index] if self.classes else ImageClass("", "", "")
        return {"name": one.name, "short_name": one.short_name, "synset": one.synset}


def choose_names(classes: int, told: Sequence[str], file: Path | None) -> ClassNames:
    """The names in a file, else those that the model tells, else ImageNet's if it has as many classes.

    Names that are ids of ImageNet's classes, as those of its folders are, stand for the names of these.

    Args:
        classes: Of the model.
        told: Names that its checkpoint or its author gives.
        file: One name on each line.

    Raises:
        InputError: The file can't be used, or names another number of classes.
    """
    if file is not None:
        names = read_lines(file)
        if len(names) != classes:
            raise InputError(
                f"--classes-file must name each class of the model, which has {classes}; {file} names {len(names)}; "
                "name each on a line, in order"
            )
        return _translate(names, str(file))
    if told and len(told) == classes:
        return _translate(told, "the model's own")
    if classes == len(imagenet_classes()):
        return ClassNames(f"{_IMAGENET}, as the model has as many classes", imagenet_classes())
    own = f"lists {len(told)} names for {classes} classes" if told else f"has {classes} classes and no names for them"
    return ClassNames(f"none: the model {own}; --classes-file gives them")


def _translate(names: Sequence[str], source: str) -> ClassNames:
    """The names of classes; a line may be an id of ImageNet, or begin with one as in lists of its classes."""
    known = {one.synset: one for one in imagenet_classes()}
    if all(name in known for name in names):
        return ClassNames(f"{_IMAGENET}, by ids: {source}", tuple(known[name] for name in names))
    parts = [name.partition(" ") for name in names]
    if all(synset in known and own for synset, _, own in parts):
        return ClassNames(source, tuple(ImageClass(synset, own, own.partition(", ")[0]) for synset, _, own in parts))
    return ClassNames(source, tuple(ImageClass("", name, name) for name in names))
