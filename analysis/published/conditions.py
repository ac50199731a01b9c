"""What a row says about the input and the hardware, read from the words of its source. No torch here."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, NamedTuple

from analysis.complexity.resolution import LARGEST_SIDE, SMALLEST_SIDE
from rexnet_core.errors import InputError
from rexnet_core.registry import model_info

if TYPE_CHECKING:
    from analysis.published.table import PublishedRow

#: Numbers joined by x, the last two of which are height and width: ``224x224``, ``1x3x224x224``.
_SHAPE = re.compile(r"(?<![\w.])\d+(?:\s*[x×]\s*\d+)+(?![\w.])")  # noqa: RUF001 - some sources print that sign
#: A side on its own: the whole cell, or after a word for it, or before ``px``.
_SIDES = (
    re.compile(r"^(\d{2,4})$"),
    re.compile(
        r"\b(?:image size|input size|(?:center)?crop|resolution|side)\s*:?\s+(\d{2,4})\b(?![.%])", re.IGNORECASE
    ),
    re.compile(r"(?<![\w.])(\d{2,4})\s*px\b", re.IGNORECASE),
)
_CPUS = re.compile(r"\b(cpu|xeon|core i\d|ryzen|epyc|processor|arm|cortex|snapdragon|pixel)\b")
_GPUS = re.compile(r"\b(gpus?|[vap]100|m40|t4|h\d00|l40?s?|rtx|gtx|geforce|tesla|titan|cuda)\b")


class Input(NamedTuple):
    """The side to count a row at [pixels], or None and the reason."""

    side: int | None
    problem: str = ""


def read_input(row: PublishedRow) -> Input:
    """The square input a row is about: the one stated, else the model's own.

    Understood are ``224x224``, ``1x3x224x224``, ``224``, ``224 px``, and ``image size 224`` or ``crop 224`` among other
    words. Several sides, or one that is no square or out of range, are not guessed at.
    """
    return _read_words(row.conditions, row.model)


@functools.lru_cache(maxsize=4096)
def _read_words(conditions: str, model: str) -> Input:
    shapes = {tuple(map(int, re.findall(r"\d+", shape)[-2:])) for shape in _SHAPE.findall(conditions)}
    sides = {int(side) for pattern in _SIDES for side in pattern.findall(conditions)}
    stated = shapes | {(side, side) for side in sides}
    if not stated:
        return Input(model_info(model).resolution) if is_registered(model) else Input(None, "no known model")
    if len(stated) > 1:
        inputs = ", ".join(f"{height}x{width}" for height, width in sorted(stated))
        return Input(None, f"several inputs are named ({inputs})")
    ((height, width),) = stated
    if height != width:
        return Input(None, f"the input, {height}x{width}, is no square")
    if not SMALLEST_SIDE <= height <= LARGEST_SIDE:
        return Input(None, f"the input's side, {height}, is not between {SMALLEST_SIDE} and {LARGEST_SIDE}")
    return Input(height)


def hardware(row: PublishedRow) -> str:
    """The conditions without the size of the input: what two latencies share that can be divided."""
    return _read_hardware(row.conditions)


@functools.lru_cache(maxsize=4096)
def _read_hardware(conditions: str) -> str:
    words = [word.strip() for word in conditions.split(",")]
    return ", ".join(word for word in words if not _SHAPE.fullmatch(word))


def device(row: PublishedRow) -> str:
    """``cpu``, ``cuda``, or empty where the words name neither."""
    words = hardware(row).lower()
    return "cuda" if _GPUS.search(words) else "cpu" if _CPUS.search(words) else ""


def publication(row: PublishedRow) -> str:
    """The source without its table: ``ReXNet paper (arXiv 2007.00992v3)``."""
    return row.source.partition(",")[0]


@functools.lru_cache(maxsize=4096)
def is_registered(model: str) -> bool:
    """Whether there is something to count."""
    try:
        model_info(model)
    except InputError:
        return False
    return True
