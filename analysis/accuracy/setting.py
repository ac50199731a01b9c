"""What an evaluation is asked for, checked before anything is read. No torch here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from analysis.complexity.resolution import check_resolution
from analysis.setting_fields import ENTRY, ENTRY_UNSET, about, check_fields, check_number, check_weights, option
from rexnet_core.preprocess import CROP_RATIO, INTERPOLATIONS, Interpolation
from rexnet_core.registry import model_info

DEFAULT_BATCH = 64
#: Below this little of the image is left, and the resized one grows without need.
LEAST_CROP_RATIO = 0.5
#: What the decoded images of one batch may take; three batches are held at a time.
MOST_BATCH_BYTES = 2**30
#: Threads beyond this are a slip of the hand.
_MOST_THREADS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSetting:
    """What an evaluation is asked for; checked when it is made. The metadata of each field says what it is.

    Raises:
        InputError: A value is out of range, or the checkpoint is not a file that can be read.
    """

    model: str = field(metadata=about("such as rexnet_1.0; see `rexbench models`", metavar="MODEL", positional=True))
    weights: Path = field(
        metadata=about("the model's checkpoint; needed, as random weights have no accuracy", type=Path)
    )
    weights_entry: str | None = option(None, ENTRY, unset=ENTRY_UNSET)
    images: Path = field(
        metadata=about("one subfolder for each class, in the order of names", type=Path, metavar="FOLDER")
    )
    classes_file: Path | None = option(
        None, "all classes in order, the name of a subfolder on each line; subfolders may be absent", type=Path
    )
    resolution: int = field(
        metadata=about("side of the input", type=int, metavar="PIXELS", unset="the model's own, such as 224")
    )
    crop_ratio: float = option(
        CROP_RATIO,
        "side of the input over the shorter side of the resized image",
        type=float,
        metavar="SHARE",
        bounds=(LEAST_CROP_RATIO, 1.0),
    )
    interpolation: Interpolation = option("bicubic", "how images are resized", choices=INTERPOLATIONS)
    batch_size: int = option(DEFAULT_BATCH, "images per pass", type=int)
    limit: int | None = option(
        None, "images at most, evenly spread over the folder", unset="all", type=int, bounds=(1, 10**9)
    )
    skip_unreadable: bool = option(False, "pass over damaged images and count them")
    threads: int = field(
        metadata=about(
            "threads of torch and of decoding", unset="as this machine allows", type=int, bounds=(1, _MOST_THREADS)
        )
    )

    def __post_init__(self) -> None:
        model_info(self.model)
        check_resolution(self.resolution)
        check_fields(self)
        check_number("--batch-size", self.batch_size, 1, MOST_BATCH_BYTES // (3 * self.resolution**2 * 4))
        check_weights(self.weights, self.weights_entry)
