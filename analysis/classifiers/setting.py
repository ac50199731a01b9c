"""Which classifier is asked for, and how images are prepared for it; checked before anything is read. No torch here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from analysis.complexity.resolution import check_resolution
from analysis.model_options import MODEL_HELP, ModelOptions
from analysis.setting_fields import (
    ENTRY,
    ENTRY_UNSET,
    about,
    check_fields,
    check_names,
    check_number,
    check_weights,
    option,
)
from rexnet_core.preprocess import CHANNEL_ORDERS, CROP_RATIO, INTERPOLATIONS, ChannelOrder, Interpolation
from rexnet_core.registry import model_info
from rexnet_core.sources.registry import REGISTERED
from rexnet_core.sources.tensors import USUAL_SIDE

DEFAULT_BATCH = 64
#: Below this little of the image is left, and the resized one grows without need.
LEAST_CROP_RATIO = 0.5
#: What the decoded images of one batch may take; three batches are held at a time.
MOST_BATCH_BYTES = 2**30
#: Threads beyond this are a slip of the hand.
_MOST_THREADS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierSetting:
    """Which classifier is asked for; checked when it is made. The metadata of each field says what it is.

    Raises:
        InputError: A value is out of range, or the checkpoint is not a file that can be read.
    """

    model: str = field(metadata=about(MODEL_HELP, metavar="MODEL", positional=True))
    source: str = REGISTERED
    options: ModelOptions = field(default_factory=ModelOptions)
    weights: Path | None = option(
        None, "the model's checkpoint; needed where the model has no trained weights of its own", type=Path
    )
    weights_entry: str | None = option(None, ENTRY, unset=ENTRY_UNSET)
    resolution: int | None = option(
        None,
        "side of the input",
        type=int,
        metavar="PIXELS",
        unset="the side that the checkpoint was trained for where it tells it, else the model's own, such as 224",
    )
    crop_ratio: float | None = option(
        None,
        "side of the input over the shorter side of the resized image",
        type=float,
        metavar="SHARE",
        bounds=(LEAST_CROP_RATIO, 1.0),
        unset=f"the model's own where it is known, else {CROP_RATIO}",
    )
    interpolation: Interpolation | None = option(
        None,
        f"how images are resized: one of {', '.join(INTERPOLATIONS)}",
        unset="the model's own where it is known, else bicubic",
    )
    channel_order: ChannelOrder | None = option(
        None,
        f"in which the model takes the colours: one of {', '.join(CHANNEL_ORDERS)}",
        unset="the model's own where it is known, else rgb",
    )
    upright: bool = option(False, "turn pictures as their EXIF entry says, also where the publisher's loader does not")
    batch_size: int = option(DEFAULT_BATCH, "images per pass", type=int)
    threads: int = field(
        metadata=about(
            "threads of torch and of decoding", unset="as this machine allows", type=int, bounds=(1, _MOST_THREADS)
        )
    )

    def __post_init__(self) -> None:
        own = model_info(self.model).resolution if self.source == REGISTERED else USUAL_SIDE
        side = check_resolution(own if self.resolution is None else self.resolution)
        check_fields(self)
        if self.interpolation is not None:
            check_names("interpolation", (self.interpolation,), INTERPOLATIONS)
        if self.channel_order is not None:
            check_names("order of channels", (self.channel_order,), CHANNEL_ORDERS)
        self.check_batch(side)
        check_weights(self.weights, self.weights_entry)

    def check_batch(self, side: int) -> None:
        """Check that a batch of images of this side [pixels] may be held.

        Raises:
            InputError: It may not.
        """
        check_number("--batch-size", self.batch_size, 1, MOST_BATCH_BYTES // (3 * side**2 * 4))
