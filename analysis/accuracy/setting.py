"""What an evaluation is asked for, and its options, stated once; checked before anything is read. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.complexity.resolution import check_resolution
from analysis.option_values import number, whole
from rexnet_core.errors import InputError, UnknownNameError
from rexnet_core.preprocess import CROP_RATIO, INTERPOLATIONS, Interpolation
from rexnet_core.registry import model_info

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_BATCH = 64
#: Below this little of the image is left, and the resized one grows without need.
LEAST_CROP_RATIO = 0.5
#: What the decoded images of one batch may take; three batches are held at a time.
MOST_BATCH_BYTES = 2**30
_MOST_IMAGES = 10**9
#: Threads beyond this are a slip of the hand.
_MOST_THREADS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSetting:
    """What an evaluation is asked for; checked when it is made.

    Args:
        model: A registered name.
        weights: Its checkpoint.
        images: A folder with one subfolder for each class.
        classes_file: Names of all classes in order, one on each line; None where the subfolders are all of them.
        resolution: Side of the images [pixels].
        crop_ratio: That side over the shorter side of the resized image.
        interpolation: Of the resizing.
        batch_size: Images of one forward pass.
        limit: Images at most, evenly spread over the folder; None is all.
        skip_unreadable: Whether damaged images are counted and passed over; else the first one ends it.
        threads: Of torch, and as many that decode images.

    Raises:
        InputError: A value is out of range, or a file is none.
    """

    model: str
    weights: Path
    images: Path
    classes_file: Path | None = None
    resolution: int
    crop_ratio: float = CROP_RATIO
    interpolation: Interpolation = "bicubic"
    batch_size: int = DEFAULT_BATCH
    limit: int | None = None
    skip_unreadable: bool = False
    threads: int

    def __post_init__(self) -> None:
        model_info(self.model)
        check_resolution(self.resolution)
        if not LEAST_CROP_RATIO <= self.crop_ratio <= 1:
            raise InputError(f"--crop-ratio must lie from {LEAST_CROP_RATIO} to 1; got {self.crop_ratio:g}")
        if self.interpolation not in INTERPOLATIONS:
            raise UnknownNameError("interpolation", self.interpolation, INTERPOLATIONS)
        _check_number("--batch-size", self.batch_size, _most_of_a_batch(self.resolution))
        _check_number("--threads", self.threads, _MOST_THREADS)
        if self.limit is not None:
            _check_number("--limit", self.limit, _MOST_IMAGES)
        if not self.weights.is_file():
            raise InputError(f"--weights must be a file; {self.weights} is none")


def _most_of_a_batch(resolution: int) -> int:
    return MOST_BATCH_BYTES // (3 * resolution**2 * 4)


def _check_number(option: str, value: int, high: int) -> None:
    if not 1 <= value <= high:
        raise InputError(f"{option} must be a whole number from 1 to {high}; got {value}")


#: Flag and keywords of each option, as argparse takes them.
OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--weights", {"type": Path, "metavar": "FILE", "help": "its checkpoint; needed, as random weights know nothing"}),
    ("--images", {"type": Path, "metavar": "FOLDER", "help": "one subfolder for each class, in the order of names"}),
    (
        "--classes-file",
        {
            "type": Path,
            "metavar": "FILE",
            "help": "all classes in order, the name of a subfolder on each line; some may be absent",
        },
    ),
    ("--resolution", {"type": whole, "metavar": "PIXELS", "help": "side of the input (the model's own, such as 224)"}),
    (
        "--crop-ratio",
        {
            "type": number,
            "default": CROP_RATIO,
            "metavar": "SHARE",
            "help": f"that side over the shorter side of the resized image ({CROP_RATIO})",
        },
    ),
    (
        "--interpolation",
        {"default": "bicubic", "metavar": "NAME", "help": f"of the resizing: {' or '.join(INTERPOLATIONS)} (bicubic)"},
    ),
    (
        "--batch-size",
        {"type": whole, "default": DEFAULT_BATCH, "metavar": "N", "help": f"images per pass ({DEFAULT_BATCH})"},
    ),
    ("--limit", {"type": whole, "metavar": "N", "help": "images at most, evenly spread over the folder; default: all"}),
    ("--skip-unreadable", {"action": "store_true", "help": "pass over damaged images and count them"}),
    (
        "--threads",
        {"type": whole, "metavar": "N", "help": "of torch, and that decode; default: as this machine allows"},
    ),
)


def add_options(add: Callable[..., object]) -> None:
    """Declare the model and the options of an evaluation.

    Args:
        add: ``add_argument`` of argparse.
    """
    add("model", metavar="MODEL", help="such as rexnet_1.0; see `rexbench models`")
    for flag, keywords in OPTIONS:
        add(flag, **keywords)


def read_setting(given: Callable[[str], Any], threads: int) -> EvaluationSetting:
    """The evaluation that the options ask for, checked.

    Args:
        given: The value of an option by its destination, such as ``batch_size``; None where it was not given.
        threads: Where none are given.

    Raises:
        InputError: A value is missing or breaks its rule.
    """
    info = model_info(given("model"))
    if given("weights") is None:
        raise InputError("an accuracy needs trained weights, random ones have none; give --weights FILE")
    if given("images") is None:
        raise InputError("an accuracy needs labelled images; give --images FOLDER, with one subfolder for each class")
    names = {flag.removeprefix("--").replace("-", "_") for flag, _ in OPTIONS}
    values = {name: value for name in names if (value := given(name)) is not None}
    return EvaluationSetting(**{"model": info.name, "resolution": info.resolution, "threads": threads, **values})
