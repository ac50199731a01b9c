"""The options of the network study, stated once; everything is checked before anything runs. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from analysis.complexity import check_resolution
from analysis.option_values import whole
from analysis.rank.network.images import GENERATED, ImageSource, folder_images, generated_images
from analysis.rank.network.records import BATCH_NORM_MODES, BatchNormMode
from rexnet_core.errors import InputError, UnknownNameError
from rexnet_core.preprocess import list_images
from rexnet_core.registry import model_config

if TYPE_CHECKING:
    from collections.abc import Callable

#: Images where no number is given: with fewer, the decompositions take longer than the networks.
#: Positions of one image resemble each other: few of each of many images say more than many of a few.
DEFAULT_COUNT = 512
DEFAULT_BATCH = 16
_MOST = 1_000_000
#: Threads beyond this are a slip of the hand.
_MOST_THREADS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSetting:
    """What a network study is asked for; checked when it is made.

    Args:
        models: Registered names, each once.
        resolution: Side of the images [pixels].
        images: A folder; None for generated ones.
        generated: ``white`` or ``1/f`` noise; not used with a folder.
        image_count: Images; None is 512, or all of a folder that has fewer.
        weights: A checkpoint of the one model; None for random weights whose batch norm statistics are calibrated on
            1/f images.
        batch_norm: ``eval`` or ``batch``.
        positions: Rows of each image, or ``auto``.
        taps: Patterns; None is every point of every block.
        certify: Whether to run in float64, too.
        jacobian: Images at which Jacobian ranks are taken; 0 for none.
        batch_size: Images of one forward pass.
        seed: Of weights, generated images and positions.
        threads: Of torch; None leaves them.

    Raises:
        InputError: A value is out of range, or two do not go together.
    """

    models: tuple[str, ...]
    resolution: int = 224
    images: Path | None = None
    generated: str = "1/f"
    image_count: int | None = None
    weights: Path | None = None
    batch_norm: BatchNormMode = "eval"
    positions: int | Literal["auto"] = "auto"
    taps: tuple[str, ...] | None = None
    certify: bool = False
    jacobian: int = 1
    batch_size: int = DEFAULT_BATCH
    seed: int = 0
    threads: int | None = None

    def __post_init__(self) -> None:
        if not self.models:
            raise InputError("a network study needs at least one model; see `rexbench models`")
        for name in self.models:
            model_config(name)
        if len(set(self.models)) < len(self.models):
            raise InputError(f"each model is named once; got {', '.join(self.models)}")
        check_resolution(self.resolution)
        self._check_weights()
        if self.batch_norm not in BATCH_NORM_MODES:
            raise UnknownNameError("batch norm mode", self.batch_norm, BATCH_NORM_MODES)
        if self.generated not in GENERATED:
            raise UnknownNameError("kind of generated images", self.generated, GENERATED)
        if self.positions != "auto":
            _check_number("--positions", self.positions, 1, _MOST)
        _check_number("--jacobian", self.jacobian, 0, _MOST)
        _check_number("--batch-size", self.batch_size, 1, _MOST)
        _check_number("--seed", self.seed, 0, 2**31)
        if self.image_count is not None:
            _check_number("--image-count", self.image_count, 1, _MOST)
        if self.threads is not None:
            _check_number("--threads", self.threads, 1, _MOST_THREADS)
        if self.batch_norm == "batch" and (self.batch_size == 1 or self.image_count == 1):
            raise InputError("--batch-norm batch needs 2 images in a batch; raise --batch-size and --image-count")

    def _check_weights(self) -> None:
        if self.weights is None:
            return
        if len(self.models) > 1:
            raise InputError(f"--weights go with one model; got {', '.join(self.models)}; run each by itself")
        if not self.weights.is_file():
            raise InputError(f"--weights must be a file; {self.weights} is none")

    def source(self) -> ImageSource:
        """The images.

        Raises:
            InputError: The folder has none, or fewer than were asked for.
        """
        if self.images is None:
            count = self.image_count or DEFAULT_COUNT
            return generated_images(self.generated, resolution=self.resolution, count=count, seed=self.seed)
        count = self.image_count or min(DEFAULT_COUNT, len(list_images(self.images)))
        return folder_images(self.images, resolution=self.resolution, count=count, seed=self.seed)


def _check_number(option: str, value: int, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InputError(f"{option} must be a whole number from {low} to {high}; got {value!r}")


def _positions(text: str) -> int | str:
    return text if text == "auto" else whole(text)


#: Flag and keywords of each option, as argparse takes them.
OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--images", {"type": Path, "metavar": "DIR", "help": "a folder of images; its subfolders are not read"}),
    ("--generated", {"metavar": "KIND", "help": f"generated images: one of {', '.join(GENERATED)} (1/f)"}),
    (
        "--image-count",
        {"type": whole, "metavar": "N", "help": f"images ({DEFAULT_COUNT}, or all of a folder with fewer)"},
    ),
    ("--resolution", {"type": whole, "default": 224, "metavar": "PIXELS", "help": "side of the images (224)"}),
    (
        "--weights",
        {"type": Path, "metavar": "FILE", "help": "a checkpoint of the one model; default: calibrated random weights"},
    ),
    (
        "--batch-norm",
        {"default": "eval", "metavar": "MODE", "help": "eval (running statistics) or batch (those of each batch)"},
    ),
    (
        "--positions",
        {"type": _positions, "default": "auto", "metavar": "N", "help": "of each image (auto: 4 rows per channel)"},
    ),
    ("--taps", {"nargs": "+", "metavar": "PATTERN", "help": "such as 'stage3.*' or '*.add'; default: all points"}),
    ("--certify", {"action": "store_true", "help": "run in float64, too, for ranks that rounding can't have made"}),
    (
        "--jacobian",
        {"type": whole, "default": 1, "metavar": "N", "help": "images at which Jacobian ranks are taken (1)"},
    ),
    (
        "--batch-size",
        {"type": whole, "default": DEFAULT_BATCH, "metavar": "N", "help": f"images per pass ({DEFAULT_BATCH})"},
    ),
    ("--seed", {"type": whole, "default": 0, "metavar": "N", "help": "of weights, images and positions (0)"}),
    ("--threads", {"type": whole, "metavar": "N", "help": "of torch; default: as torch chooses"}),
)
_PLAIN = ("resolution", "images", "image_count", "weights", "batch_norm", "positions", "certify", "jacobian")


def add_options(add: Callable[..., object]) -> None:
    """Declare the models and the options of a network study.

    Args:
        add: ``add_argument`` of argparse.
    """
    add("models", nargs="+", metavar="MODEL", help="see `rexbench models`")
    for flag, keywords in OPTIONS:
        add(flag, **keywords)


def read_setting(given: Callable[[str], Any]) -> NetworkSetting:
    """The study that the options ask for, checked, its images found.

    Args:
        given: The value of an option by its destination.

    Raises:
        InputError: A value is outside its range, or does not fit the others.
    """
    if given("images") is not None and given("generated") is not None:
        raise InputError("--images and --generated exclude each other; give one")
    taps = given("taps")
    setting = NetworkSetting(
        models=tuple(given("models")),
        generated=given("generated") or "1/f",
        taps=None if taps is None else tuple(taps),
        **{name: given(name) for name in (*_PLAIN, "batch_size", "seed", "threads")},
    )
    setting.source()
    return setting
