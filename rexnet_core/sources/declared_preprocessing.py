"""How images are prepared for a model, as the configuration of a model of timm or of torchvision's weights says it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rexnet_core.geometry import Geometry
    from rexnet_core.preprocess import Preprocessing

_COLOURS = 3
#: By timm's ``crop_mode``; its third, ``border``, is not done here.
_GEOMETRIES: Mapping[str, Geometry] = {"center": "torchvision", "squash": "squash"}


def read_preprocessing(told: Mapping[str, Any]) -> Preprocessing | None:
    """What ``mean``, ``std``, ``crop_pct``, ``interpolation`` and ``crop_mode`` say; what is not done here is noted.

    None where mean and deviation are not told, or are no numbers that can be.
    """
    from rexnet_core.preprocess import CROP_RATIO, INTERPOLATIONS, Preprocessing  # noqa: PLC0415 - imports Pillow

    mean, std = _read_colours(told.get("mean")), _read_colours(told.get("std"))
    crop_ratio = told.get("crop_pct") or CROP_RATIO
    if not mean or not std or min(std) <= 0 or not _is_number(crop_ratio) or not 0 < crop_ratio <= 1:
        return None
    asked, mode = told.get("interpolation") or "bicubic", str(told.get("crop_mode") or "center")
    known = next((one for one in INTERPOLATIONS if one == asked), None)
    notes = [] if known else [f"its author resizes by {asked}, here it is bicubic"]
    notes += [] if mode in _GEOMETRIES else [f"its author crops by {mode}, here the centre is cut out"]
    return Preprocessing(
        rule="timm",
        geometry=_GEOMETRIES.get(mode, "torchvision"),
        crop_ratio=float(crop_ratio),
        interpolation=known or "bicubic",
        mean=mean,
        std=std,
        note="; ".join(notes),
    )


def read_transforms(weights: Any) -> Preprocessing | None:
    """What the transforms of torchvision's weights do; None where there are none of an image classifier."""
    from rexnet_core.preprocess import INTERPOLATIONS, Preprocessing  # noqa: PLC0415 - imports Pillow

    if not isinstance(getattr(getattr(weights, "transforms", None), "keywords", {}).get("crop_size"), int):
        return None
    told = weights.transforms()
    [side], [resized] = told.crop_size, told.resize_size
    return Preprocessing(
        rule="torchvision",
        side=side,
        resized_side=resized,
        crop_ratio=side / resized,
        interpolation=next(one for one in INTERPOLATIONS if one == told.interpolation.value),
        mean=(told.mean[0], told.mean[1], told.mean[2]),
        std=(told.std[0], told.std[1], told.std[2]),
        note=f"as {weights.name}; weights of other recipes, which have the same names, may be resized to another side",
    )


def _read_colours(values: Any) -> tuple[float, float, float] | None:
    """A number for each colour; None where there are no such."""
    if not isinstance(values, tuple | list) or len(values) != _COLOURS or not all(map(_is_number, values)):
        return None
    return float(values[0]), float(values[1]), float(values[2])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
