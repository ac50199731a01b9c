"""What an evaluation is asked for, checked before anything is read. No torch here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.setting_fields import about, check_fields, option

if TYPE_CHECKING:
    from analysis.classifiers.setting import ClassifierSetting


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSetting:
    """What an evaluation is asked for; checked when it is made. The metadata of each field says what it is.

    Raises:
        InputError: A value is out of range.
    """

    classifier: ClassifierSetting
    images: Path = field(
        metadata=about("one subfolder for each class, in the order of names", type=Path, metavar="FOLDER")
    )
    classes_file: Path | None = option(
        None, "all classes in order, the name of a subfolder on each line; subfolders may be absent", type=Path
    )
    limit: int | None = option(
        None, "images at most, evenly spread over the folder", unset="all", type=int, bounds=(1, 10**9)
    )
    skip_unreadable: bool = option(False, "pass over damaged images and count them")

    def __post_init__(self) -> None:
        check_fields(self)
