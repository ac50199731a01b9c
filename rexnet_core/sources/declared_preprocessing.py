"""How images are prepared for a model, as timm's models say it in their ``pretrained_cfg`` and ``default_cfg``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rexnet_core.preprocess import Preprocessing

_COLOURS = 3


def read_preprocessing(told: Mapping[str, Any]) -> Preprocessing | None:
    """What ``mean``, ``std``, ``crop_pct``, ``interpolation`` and ``crop_mode`` say; what is not done here is noted.

    None where mean and deviation are not told, or are no numbers that can be.
    """
    from rexnet_core.preprocess import CROP_RATIO, INTERPOLATIONS, Preprocessing  # noqa: PLC0415 - imports Pillow

    mean, std = _read_colours(told.get("mean")), _read_colours(told.get("std"))
    crop_ratio = told.get("crop_pct") or CROP_RATIO
    if not mean or not std or min(std) <= 0 or not _is_number(crop_ratio) or not 0 < crop_ratio <= 1:
        return None
    asked, mode = told.get("interpolation") or "bicubic", told.get("crop_mode") or "center"
    known = next((one for one in INTERPOLATIONS if one == asked), None)
    notes = [] if known else [f"its author resizes by {asked}, here it is bicubic"]
    notes += [] if mode == "center" else [f"its author crops by {mode}, here the centre is cut out"]
    return Preprocessing(
        crop_ratio=float(crop_ratio),
        interpolation=known or "bicubic",
        mean=mean,
        std=std,
        note="; ".join(notes),
    )


def _read_colours(values: Any) -> tuple[float, float, float] | None:
    """A number for each colour; None where there are no such."""
    if not isinstance(values, tuple | list) or len(values) != _COLOURS or not all(map(_is_number, values)):
        return None
    return float(values[0]), float(values[1]), float(values[2])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
