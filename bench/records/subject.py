"""What is known of a model before it is measured: its inputs and its cost, or why it can't be measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A model at the shapes at which it is measured.

    Args:
        model: Its name, as its source spells it.
        source: The kind of its source.
        shapes: Of each input for one image; empty where the model could not be opened.
        fingerprint: What tells it from others of its name; empty for our own.
        cost: What it costs there, as `analysis.complexity.as_dict` has it; None where it can't be counted.
        uncounted: Why it can't be counted.
        licence: Where it is told.
        family: The file that defines the module's class, such as ``mobilenetv3``; empty for what is no module.
        table_macs: Multiply-adds as timm's tables count them, at `Question.table_side`; None where they are not asked
            for, or can't be counted.
        fault: Status and reason of its cases, where it can't be measured.
    """

    model: str
    source: str
    shapes: tuple[tuple[int, ...], ...] = ()
    fingerprint: str = ""
    cost: dict[str, Any] | None = None
    uncounted: str = ""
    licence: str = ""
    family: str = ""
    table_macs: int | None = None
    fault: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A model to be described, and the inputs that were asked for.

    Args:
        resolution: Side of a square image [pixels]; None is the model's own.
        shapes: Of each input for one image, in place of all others.
        channels: Of the image; None are the model's own.
        table_side: Side at which a module's multiply-adds are counted as timm's tables count them, too [pixels].
        weights: A checkpoint of one of our networks, which has as many classes as it; empty for as many as usual.
        weights_entry: Which entry of the checkpoint; None for its only one.
        told_side: Whether the side that the checkpoint was trained for, where it tells it, goes before `resolution`.
    """

    model: str
    source: str
    resolution: int | None = None
    shapes: tuple[tuple[int, ...], ...] = ()
    channels: int | None = None
    table_side: int | None = None
    weights: str = ""
    weights_entry: str | None = None
    told_side: bool = False
