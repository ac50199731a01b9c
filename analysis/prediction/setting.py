"""What a prediction is asked for, checked before anything is read. No torch here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.setting_fields import about, check_fields, option
from rexnet_core.registry import MAX_CLASSES

if TYPE_CHECKING:
    from analysis.classifiers.setting import ClassifierSetting


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionSetting:
    """What a prediction is asked for; checked when it is made. The metadata of each field says what it is.

    Raises:
        InputError: A value is out of range.
    """

    classifier: ClassifierSetting
    pictures: tuple[str, ...] = field(
        metadata=about("a file, a folder, or - for standard input", metavar="PICTURE", positional=True, nargs="+")
    )
    top: int = option(5, "classes of each picture", type=int, bounds=(1, MAX_CLASSES))
    classes_file: Path | None = option(
        None,
        "names of all classes in order, one on each line",
        type=Path,
        unset="those of the checkpoint, else ImageNet's of a model with 1000 classes",
    )
    recursive: bool = option(False, "look into the subfolders of folders, too")
    skip_unreadable: bool = option(False, "damaged pictures are no error")
    features: Path | None = option(
        None, "write what the last linear layer takes, for each picture: FILE.npy, FILE.parquet or FILE.csv", type=Path
    )

    def __post_init__(self) -> None:
        check_fields(self)
