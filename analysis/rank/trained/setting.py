"""Every choice of the trained check, those that the paper states and those that it leaves open, as one record."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from analysis.json_values import make_plain
from analysis.setting_fields import check_fields, option
from rexnet_core.errors import InputError

GROUPS = ("table2", "table3a")
#: ``partial``: the input is added to the first channels wherever the stride is 1 and the output no narrower, as
#: clovaai/rexnet has it; ``equal``: only where the widths agree, as in MobileNetV2; ``none``: nowhere.
SHORTCUTS = ("partial", "equal", "none")

#: The maps are halved up to three times.
_SIDE_STEP = 8
#: These fields choose what is trained, not how: a study in a folder of runs can be resumed with other values.
_EXTENT = ("seeds", "groups")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedSetting:
    """One setting of the check; with the versions of torch and scikit-learn it determines every number.

    The metadata of a field says what it is; those without are not asked of a user.

    Args:
        momentum: Momentum of stochastic gradient descent.
        table2_strides: Strides of the stem and the two blocks.
        table3a_head: Width of the final feature of the two networks of table 3(a) [channels].
        table3a_stem: Their stem width [channels].
        table3a_strides: Strides of the stem and the five blocks.
    """

    groups: tuple[str, ...] = option(
        GROUPS, "groups of networks", unset="both", nargs="+", metavar="GROUP", choices=GROUPS, kind="group"
    )
    #: Seed s fixes the initial weights and the order of the images, for every network.
    seeds: int = option(10, "seeds; each trains every network", type=int, bounds=(1, 1000))
    #: As many as in the paper's search.
    epochs: int = option(30, "passes over the training images", type=int, bounds=(1, 1000))
    side: int = option(
        16,
        "side to which the 8x8 images are enlarged, a multiple of 8",
        type=int,
        metavar="PIXELS",
        bounds=(_SIDE_STEP, 64),
    )
    #: All other images are the test images.
    train_per_class: int = option(20, "training images of each class", type=int, bounds=(2, 150))
    split_seed: int = option(0, "seed of the choice of training images", type=int, bounds=(0, 2**31 - 1))
    #: Seed s then has the split seed ``split_seed + s``.
    resplit: bool = option(False, "draw the training images anew for each seed")
    batch_size: int = option(20, "images per step", type=int, bounds=(2, 512))
    #: It falls to 0 along half a cosine.
    learning_rate: float = option(0.1, "learning rate at the start", type=float, metavar="RATE")
    momentum: float = 0.9
    weight_decay: float = option(1e-4, "weight decay of all parameters", type=float, metavar="SHARE")
    #: One, because layers this small lose time on more, and rounding depends on the number.
    threads: int = option(1, "threads of torch; they change the rounding", type=int, bounds=(1, 256))
    shortcut: str = option("partial", "what is added to a block's output", choices=SHORTCUTS)
    base_width: int = option(4, "stem width of the baseline, which sets the cost of table 2", type=int, bounds=(4, 16))
    table2_head: int = option(128, "width of the final feature of the networks of table 2", type=int, bounds=(1, 4096))
    table2_strides: tuple[int, int, int] = (2, 1, 2)
    table3a_head: int = field(default=1024, metadata={"bounds": (1, 4096)})
    table3a_stem: int = 32
    table3a_strides: tuple[int, int, int, int, int, int] = (1, 2, 1, 1, 2, 1)

    def __post_init__(self) -> None:
        """Refuse what no study can be made of.

        Raises:
            InputError: A value is outside its range; the message says which and what would do.
        """
        if not self.groups or len(set(self.groups)) < len(self.groups):
            raise InputError(f"groups must be one or more of {', '.join(GROUPS)}, each once; got {list(self.groups)}")
        check_fields(self)
        if self.side % _SIDE_STEP:
            raise InputError(f"side must be a multiple of {_SIDE_STEP}; got {self.side}")
        self._check_descent()

    def _check_descent(self) -> None:
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise InputError(f"learning_rate must be a positive number; got {self.learning_rate}")
        for name in ("momentum", "weight_decay"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 0 and below 1; got {getattr(self, name)}")

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        plain: dict[str, Any] = make_plain(asdict(self))
        return plain

    def recipe(self) -> dict[str, Any]:
        """Plain values of what determines one training, without how many and which are wanted."""
        return {name: value for name, value in self.as_dict().items() if name not in _EXTENT}
