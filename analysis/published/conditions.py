"""What a row says about the input and the hardware, read from the words of its source. No torch here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rexnet_core.catalogue import model_info
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from analysis.published.table import PublishedRow

_SQUARE = re.compile(r"(?<!\d)(\d{2,4})\s*x\s*\1(?!\d)")
#: A number at the end that is no part of a name, such as V100.
_SIDE = re.compile(r"(?<![A-Za-z0-9.])(\d{2,4})$")


def input_side(row: PublishedRow) -> int | None:
    """Side of the square input [pixels]: the one stated, else the model's own; None for a model that isn't registered.

    ``224x224``, ``1x3x224x224``, ``224``, ``image size 224`` and an ending ``crop 224`` are understood.
    """
    found = _SQUARE.search(row.conditions) or _SIDE.search(row.conditions)
    if found:
        return int(found[1])
    try:
        return model_info(row.model).resolution
    except InputError:
        return None


def hardware(row: PublishedRow) -> str:
    """The conditions without the size of the input: what two latencies share that can be divided."""
    words = [word.strip() for word in row.conditions.split(",")]
    return ", ".join(word for word in words if not _SQUARE.fullmatch(word))


def is_registered(model: str) -> bool:
    """Whether there is something to count."""
    try:
        model_info(model)
    except InputError:
        return False
    return True
