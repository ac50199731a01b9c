"""A recipe: every value that decides how a network is trained; named ones are in ``recipes.toml``. No torch here."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from analysis.setting_fields import about, check_fields
from rexnet_core.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT = "small"
OPTIMIZERS = ("sgd", "adamw")
SCHEDULES = ("cosine", "step", "constant")
#: ``none`` prepares pictures as for validation. ``crop`` cuts out a random part and mirrors it; ``color`` changes
#: brightness, contrast and saturation besides; ``randaugment`` applies two operations of RandAugment besides.
AUGMENTATIONS = ("none", "crop", "color", "randaugment")
#: What kornia does.
WITH_KORNIA = ("color", "randaugment")
#: The step schedule divides the rate by 10 after each third of the epochs. Source: He et al. 2015, arXiv 1512.03385.
STEP_FACTOR, STEP_PARTS = 0.1, 3


def _value(text: str, kind: Any, low: Any = None, high: Any = None, **more: Any) -> Any:
    bounds = {} if low is None else {"bounds": (low, high)}
    return field(metadata=about(text, unset="as the recipe says", type=kind, **bounds, **more))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a network is trained; checked when it is made. The metadata of each field says what it is.

    Args:
        name: Of the recipe that the values are from.
        source: Where the values are published.
        rate_for_batch: The batch that `learning_rate` is for [images].
        decay_norms: Whether batch norms and biases have weight decay, too.

    Raises:
        InputError: A value is out of its bounds.
        UnknownNameError: A name is not known.
    """

    name: str
    source: str
    rate_for_batch: int
    decay_norms: bool
    epochs: int = _value("passes over the training pictures", int, 1, 100_000)
    batch_size: int = _value("pictures of one update, over all processes and passes", int, 2, 65536)
    optimizer: str = _value("sgd, with Nesterov's momentum, or adamw", None, choices=OPTIMIZERS)
    learning_rate: float = _value("of this batch size, in place of the recipe's, which grows with it", float, 1e-8, 100)
    momentum: float = _value("of sgd", float, 0.0, 0.9999, metavar="SHARE")
    weight_decay: float = _value("of weights; batch norms and biases have none", float, 0.0, 1.0)
    schedule: str = _value("of the learning rate after the warm-up", None, choices=SCHEDULES)
    warmup_epochs: float = _value("in which the learning rate rises linearly", float, 0.0, 1000.0)
    label_smoothing: float = _value("share of each label that all classes get", float, 0.0, 0.9, metavar="SHARE")
    dropout: float = _value("probability before the classifier", float, 0.0, 0.99, metavar="SHARE")
    drop_path: float = _value("stochastic depth: probability for the last block", float, 0.0, 0.99, metavar="SHARE")
    clip_norm: float = _value("norm to which all gradients together are cut; 0 for none", float, 0.0, 1e9)
    ema_decay: float = _value("of the moving average of the weights; 0 for none", float, 0.0, 0.999999, metavar="SHARE")
    augmentation: str = _value("of training pictures", None, choices=AUGMENTATIONS)
    crop_share: float = _value("least part of the picture in a crop", float, 0.01, 1.0, metavar="SHARE")
    flip: float = _value("probability that a crop is mirrored", float, 0.0, 1.0, metavar="SHARE")
    magnitude: float = _value("of randaugment's operations, of 10", float, 0.1, 9.9)
    erasing: float = _value("probability that a part of the crop is erased", float, 0.0, 1.0, metavar="SHARE")

    def __post_init__(self) -> None:
        check_fields(self)
        if self.warmup_epochs >= self.epochs and self.warmup_epochs:
            raise InputError(
                f"--warmup-epochs must be fewer than --epochs ({self.epochs}), got {self.warmup_epochs:g}; give fewer"
            )

    @property
    def needs_kornia(self) -> bool:
        """Whether the augmentation is done by kornia."""
        return self.augmentation in WITH_KORNIA or (self.erasing > 0 and self.augmentation != "none")

    def as_dict(self) -> dict[str, Any]:
        """All values, plain."""
        return asdict(self)


def recipe_names() -> tuple[str, ...]:
    """The named recipes."""
    return tuple(_read())


def summarise(name: str) -> str:
    """What a recipe is for, in one line."""
    return str(_read()[name]["summary"])


def read_recipe(name: str, changes: Mapping[str, Any] | None = None) -> Recipe:
    """A named recipe with some values changed.

    The learning rate grows in proportion to the batch (Goyal et al. 2017, arXiv 1706.02677), unless it is given.

    Args:
        name: One of `recipe_names`.
        changes: Values by field.

    Raises:
        UnknownNameError: There is no such recipe.
        InputError: A value is out of its bounds, or has no effect.
    """
    if name not in _read():
        raise UnknownNameError("recipe", name, recipe_names())
    values = {key: value for key, value in _read()[name].items() if key != "summary"}
    changes = dict(changes or {})
    _check_effect({**values, **changes}, changes, values["optimizer"])
    if "epochs" in changes and "warmup_epochs" not in changes:  # a short trial of a long recipe still warms up
        changes["warmup_epochs"] = min(values["warmup_epochs"], changes["epochs"] / 10)
    recipe = Recipe(name=name, **{**values, **changes})
    if "learning_rate" in changes:
        return replace(recipe, rate_for_batch=recipe.batch_size)
    return replace(recipe, learning_rate=recipe.learning_rate * recipe.batch_size / recipe.rate_for_batch)


def _check_effect(values: Mapping[str, Any], changes: Mapping[str, Any], usual: str) -> None:
    """Check that each change has an effect, and that the rate is of the optimiser.

    Raises:
        InputError: One has none, or another optimiser than the recipe's has the recipe's rate.
    """
    idle: dict[str, str] = {}
    if values["augmentation"] == "none":
        idle |= dict.fromkeys(("crop_share", "flip", "erasing"), "--augmentation none")
    if values["augmentation"] != "randaugment":
        idle |= {"magnitude": f"--augmentation {values['augmentation']}"}
    if values["optimizer"] == "adamw":
        idle |= {"momentum": "--optimizer adamw"}
    for name in changes:
        if name in idle:
            raise InputError(f"--{name.replace('_', '-')} has no effect with {idle[name]}; leave one of them out")
    if values["optimizer"] in OPTIMIZERS and values["optimizer"] != usual and "learning_rate" not in changes:
        raise InputError(
            f"--optimizer {values['optimizer']} needs a rate of its own, the recipe's is that of {usual}; "
            "give --learning-rate, too"
        )


@cache
def _read() -> dict[str, dict[str, Any]]:
    text = (resources.files("analysis.training") / "recipes.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
