"""What quantised models are calibrated on: which pictures of a folder, and which others they are compared on."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.accuracy import read_folder
from bench.records.calibration import CalibrationSet
from bench.records.case import QUANTIZED
from bench.records.files import as_folder
from rexnet_core.errors import InputError
from rexnet_core.files import refused_paths
from rexnet_core.preprocess import is_image_name, list_images
from rexnet_core.sources.user_code import check_findable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

#: Pictures to calibrate on, and to compare on, at most. Where the class of none of 380 changes, the interval of the
#: change of top-1 accuracy lies just within one point; where 3 % change, 1,000 are needed for that.
CALIBRATED, HELD_OUT = 128, 1000
_CODE = "py:"
_DIGITS = 8
#: Longest name of a set, as the store has it.
_LONGEST = 80
#: A run has no file of classes.
_RENAME = "; rename the folders, or put all pictures into one folder, without classes"
#: A set and the images it is compared on.
_LEAST = 2


def read_calibration(asked: str | None, precisions: Collection[str] = (QUANTIZED,)) -> CalibrationSet:
    """The set that a caller asks for.

    Pictures are chosen at even distances over the folder: up to `CALIBRATED` and at most half of all to calibrate on,
    and up to `HELD_OUT` of the others to compare on.

    Args:
        asked: A folder, or a loader; None for generated inputs.
        precisions: Of the run.

    Raises:
        InputError: There is no such folder or loader, it has fewer than two pictures, or no case would use it.
    """
    if asked is None:
        return CalibrationSet()
    if QUANTIZED not in precisions:
        raise InputError(
            f"--calibration applies only to {QUANTIZED}, which is not chosen; choose the precision {QUANTIZED}"
        )
    if asked.startswith(_CODE):
        return _find_loader(asked.removeprefix(_CODE))
    return _read_folder(Path(asked))


def locate_set(asked: str) -> str:
    """The `CalibrationSet.source` that a caller's words mean."""
    return asked.removeprefix(_CODE) if asked.startswith(_CODE) else str(Path(asked).resolve())


def _find_loader(name: str) -> CalibrationSet:
    module, _, attribute = name.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), *attribute.split("."))):
        raise InputError(f"a loader is named py:package.module:callable, not {_CODE}{name}")
    check_findable(f"{_CODE}{name}", module.partition(".")[0])
    return CalibrationSet(name=f"{_CODE}{name}"[-_LONGEST:], source=name)


def _read_folder(folder: Path) -> CalibrationSet:
    pictures, labels, classes = _list_pictures(folder)
    if len(pictures) < _LEAST:
        raise InputError(f"--calibration needs at least {_LEAST} pictures, {folder} has {len(pictures)}; add more")
    chosen = spread_evenly(range(len(pictures)), min(CALIBRATED, len(pictures) // 2))
    others = sorted(set(range(len(pictures))) - set(chosen))
    held_out = spread_evenly(others, min(HELD_OUT, len(others)))
    names = [str(path.relative_to(folder)) for path in pictures]
    return CalibrationSet(
        name=name_set(folder, [names[index] for index in (*chosen, *held_out)]),
        source=locate_set(str(folder)),
        files=tuple(names[index] for index in chosen),
        held_out=tuple(names[index] for index in held_out),
        labels=tuple(labels[index] for index in held_out) if labels else (),
        classes=classes,
        found=len(pictures),
    )


def _list_pictures(folder: Path) -> tuple[list[Path], list[int], int]:
    """The pictures of a folder; where it has subfolders for classes, their classes and the number of these, too."""
    with refused_paths("--calibration names a folder", folder, "name one that can be read"):
        entries = [path for path in folder.iterdir() if not path.name.startswith(".")]
    if any(is_image_name(path.name) for path in entries) or not any(path.is_dir() for path in entries):
        return list_images(folder), [], 0
    try:
        labelled = read_folder(folder)
    except InputError as error:
        problem, asks_for_file, _ = str(error).partition("; give --classes-file")
        raise InputError(problem + (_RENAME if asks_for_file else "")) from None
    return [image.path for image in labelled.images], [image.label for image in labelled.images], labelled.classes


def spread_evenly(places: Sequence[int], count: int) -> list[int]:
    """So many of the places at even distances."""
    return [places[(2 * index + 1) * len(places) // (2 * count)] for index in range(count)]


def name_set(folder: Path, names: Sequence[str]) -> str:
    """The name of a set of pictures: that of its folder, and what tells these pictures from others."""
    digest = hashlib.sha256()
    for name in names:
        digest.update(f"{name}\0".encode("utf-8", "surrogateescape"))
        with refused_paths("a picture must be readable", folder / name, "repair or remove it"):
            digest.update((folder / name).read_bytes())
    return f"{as_folder(folder.resolve().name)[-(_LONGEST - _DIGITS - 1) :]}-{digest.hexdigest()[:_DIGITS]}"
