"""What an exported artefact tells of the pictures it takes, geometry aside: the rest is inside. No torch here."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rexnet_core.preprocess import Preprocessing

#: The entry among the metadata of an ONNX file, in ``model_info`` of an OpenVINO IR, among the extra files of a
#: ``.pt2``; a JSON object.
KEY = "rexbench"
FORMAT_VERSION = 1


def read_exported(text: str) -> Preprocessing | None:
    """How pictures are prepared for an artefact that normalises them itself; None where the text does not say so.

    Mean 0 and deviation 1/255 leave pixels as they are, from 0 to 255.
    """
    from rexnet_core.preprocess import INTERPOLATIONS, Preprocessing  # noqa: PLC0415 - imports Pillow

    told = _read_table(text)
    crop_ratio: Any = told.get("crop_ratio")
    interpolation = told.get("interpolation")
    if not _is_ratio(crop_ratio) or interpolation not in INTERPOLATIONS:
        return None
    return Preprocessing(
        crop_ratio=float(crop_ratio),
        interpolation=interpolation,
        mean=(0.0, 0.0, 0.0),
        std=(1 / 255, 1 / 255, 1 / 255),
    )


def _read_table(text: str) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) and told.get("format_version") == FORMAT_VERSION else {}


def _is_ratio(value: Any) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool) and math.isfinite(value) and 0 < value <= 1
