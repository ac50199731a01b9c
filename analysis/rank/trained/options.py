"""The options of the trained check, stated once. No torch here."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from analysis.option_values import number, whole
from analysis.rank.trained.setting import BOUNDS, GROUPS, SHORTCUTS, TrainedSetting

if TYPE_CHECKING:
    from collections.abc import Callable

_DEFAULT = TrainedSetting()


def _of(name: str, text: str) -> str:
    """A help text with range and default of a parameter."""
    low, high = BOUNDS[name]
    return f"{text}, {low} to {high} ({getattr(_DEFAULT, name)})"


#: Flag and keywords of each option; the destinations are fields of `TrainedSetting`.
OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--groups", {"nargs": "+", "metavar": "GROUP", "help": f"any of {', '.join(GROUPS)}; default: both"}),
    ("--seeds", {"type": whole, "metavar": "N", "help": _of("seeds", "trainings of each network")}),
    ("--epochs", {"type": whole, "metavar": "N", "help": _of("epochs", "passes over the training images")}),
    ("--side", {"type": whole, "metavar": "PIXELS", "help": _of("side", "side of the enlarged images, times of 8")}),
    (
        "--train-per-class",
        {
            "type": whole,
            "metavar": "N",
            "help": _of("train_per_class", "training images of each class"),
        },
    ),
    ("--split-seed", {"type": whole, "metavar": "N", "help": _of("split_seed", "of the choice of training images")}),
    (
        "--resplit",
        {"action": "store_true", "default": None, "help": "draw the training images anew for each seed"},
    ),
    ("--batch-size", {"type": whole, "metavar": "N", "help": _of("batch_size", "images per step")}),
    (
        "--learning-rate",
        {"type": number, "metavar": "RATE", "help": f"at the start ({_DEFAULT.learning_rate:g})"},
    ),
    ("--weight-decay", {"type": number, "metavar": "SHARE", "help": f"({_DEFAULT.weight_decay:g})"}),
    ("--shortcut", {"metavar": "NAME", "help": f"one of {', '.join(SHORTCUTS)} ({_DEFAULT.shortcut})"}),
    (
        "--base-width",
        {"type": whole, "metavar": "N", "help": _of("base_width", "stem of the baseline: sets the cost of table 2")},
    ),
    (
        "--table2-head",
        {"type": whole, "metavar": "N", "help": _of("table2_head", "width of its final feature")},
    ),
    ("--threads", {"type": whole, "metavar": "N", "help": _of("threads", "of torch; they change the rounding")}),
)


def add_options(add: Callable[..., object]) -> None:
    """Declare the options of the check.

    Args:
        add: ``add_argument`` of argparse.
    """
    for flag, keywords in OPTIONS:
        add(flag, **keywords)


def read_setting(given: Callable[[str], Any]) -> TrainedSetting:
    """The setting that the options make; what is not given keeps its default.

    Args:
        given: The value of an option by its destination, such as ``train_per_class``; None where it was not given.

    Raises:
        InputError: A value is outside its range.
    """
    names = {flag.removeprefix("--").replace("-", "_") for flag, _ in OPTIONS}
    assert names <= {spec.name for spec in fields(TrainedSetting)}
    values = {name: value for name in names if (value := given(name)) is not None}
    if "groups" in values:
        values["groups"] = tuple(values["groups"])
    return TrainedSetting(**values)
