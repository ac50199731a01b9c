"""Every choice of the trained check, those that the paper states and those that it leaves open, as one record."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from rexnet_core.errors import InputError, UnknownNameError

GROUPS = ("table2", "table3a")
#: ``partial``: the input is added to the first channels wherever the stride is 1 and the output no narrower, as
#: clovaai/rexnet has it; ``equal``: only where the widths agree, as in MobileNetV2; ``none``: nowhere.
SHORTCUTS = ("partial", "equal", "none")

#: What may be said of each number, both ends included.
BOUNDS = {
    "seeds": (1, 1000),
    "epochs": (1, 1000),
    "side": (8, 64),
    "train_per_class": (2, 150),
    "batch_size": (2, 512),
    "threads": (1, 256),
    "split_seed": (0, 2**31 - 1),
    "base_width": (4, 16),
    "table2_head": (1, 4096),
    "table3a_head": (1, 4096),
}
#: The maps are halved up to three times.
_SIDE_STEP = 8
#: These fields choose what is trained, not how: a study in a folder of runs can be resumed with other values.
_EXTENT = ("seeds", "groups")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedSetting:
    """One setting of the check; with the versions of torch and scikit-learn it determines every number.

    Args:
        groups: Names from `GROUPS`.
        seeds: How many; seed s fixes the initial weights and the order of the images, for every network.
        epochs: Passes over the training images; 30, as the paper's search trains its networks.
        side: Side that the 8x8 images are enlarged to [pixels], a multiple of 8.
        train_per_class: Training images of each of the ten classes; all others are the test images.
        split_seed: Seed of the stratified split.
        resplit: Whether seed s draws its own training images (split seed ``split_seed + s``) instead of the one split.
        batch_size: Images per step.
        learning_rate: At the start; it falls to 0 along half a cosine.
        momentum: Momentum of stochastic gradient descent.
        weight_decay: On all parameters.
        threads: Threads of torch; one, because layers this small lose time on more and rounding depends on the number.
        shortcut: One of `SHORTCUTS`.
        base_width: Stem width of the baseline of table 2 [channels]; sets the cost of that group.
        table2_head: Width of the final feature in that group [channels], the same for its four networks.
        table2_strides: Strides of the stem and the two blocks.
        table3a_head: Width of the final feature of the two networks of table 3(a) [channels].
        table3a_stem: Their stem width [channels].
        table3a_strides: Strides of the stem and the five blocks.
    """

    groups: tuple[str, ...] = GROUPS
    seeds: int = 10
    epochs: int = 30
    side: int = 16
    train_per_class: int = 20
    split_seed: int = 0
    resplit: bool = False
    batch_size: int = 20
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 1e-4
    threads: int = 1
    shortcut: str = "partial"
    base_width: int = 4
    table2_head: int = 128
    table2_strides: tuple[int, int, int] = (2, 1, 2)
    table3a_head: int = 1024
    table3a_stem: int = 32
    table3a_strides: tuple[int, int, int, int, int, int] = (1, 2, 1, 1, 2, 1)

    def __post_init__(self) -> None:
        """Refuse what no study can be made of.

        Raises:
            InputError: A value is outside its range; the message says which and what would do.
        """
        if not self.groups or len(set(self.groups)) < len(self.groups):
            raise InputError(f"groups are one or more of {', '.join(GROUPS)}, each once; got {list(self.groups)}")
        for kind, given, known in (("group", self.groups, GROUPS), ("shortcut", (self.shortcut,), SHORTCUTS)):
            for name in given:
                if name not in known:
                    raise UnknownNameError(kind, name, known)
        for name, (low, high) in BOUNDS.items():
            if not low <= getattr(self, name) <= high:
                raise InputError(f"{name} must lie from {low} to {high}; got {getattr(self, name)}")
        if self.side % _SIDE_STEP:
            raise InputError(f"side must be a multiple of {_SIDE_STEP}; got {self.side}")
        self._check_descent()

    def _check_descent(self) -> None:
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise InputError(f"learning_rate must be a positive number; got {self.learning_rate}")
        for name in ("momentum", "weight_decay"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"{name} must lie from 0 up to, not at, 1; got {getattr(self, name)}")

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def recipe(self) -> dict[str, Any]:
        """Plain values of what determines one training, without how many and which are wanted."""
        return {name: value for name, value in self.as_dict().items() if name not in _EXTENT}
