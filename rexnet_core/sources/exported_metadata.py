"""What an exported artefact tells of the pictures it takes, geometry aside: the rest is inside. No torch here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rexnet_core.errors import UnsupportedModelError

if TYPE_CHECKING:
    from rexnet_core.preprocess import Preprocessing

#: The entry among the metadata of an ONNX file, in ``model_info`` of an OpenVINO IR, among the extra files of a
#: ``.pt2``; a JSON object with ``format_version``, ``form`` and ``steps``.
KEY = "rexbench"
#: Extra files of a ``.pt2``: the names of the classes as a JSON list, and the licence. The others have keys for these.
CLASSES, LICENCE = "classes.json", "license.txt"
FORMAT_VERSION = 1
#: Beyond these a picture would grow to gigabytes.
_LEAST_RATIO, _MOST_SIDE = 0.25, 2**12
#: The longest name of a rule; answers show it.
_LONGEST_RULE = 60


def read_exported(text: str) -> Preprocessing | None:
    """How pictures are prepared for an artefact that normalises them itself; None where the text does not say so.

    Args:
        text: As the file has it; empty where the file has no such entry.

    Raises:
        UnsupportedModelError: The artefact resizes and cuts pictures itself, which would be done twice.
    """
    from rexnet_core.geometry import GEOMETRIES  # noqa: PLC0415 - imports numpy
    from rexnet_core.preprocess import AS_THEY_ARE, CHANNEL_ORDERS, INTERPOLATIONS, Preprocessing  # noqa: PLC0415 - imports Pillow

    steps, form = _read_tables(text)
    if form.get("resized_side") is not None:
        raise UnsupportedModelError(
            "an artefact must take pictures of one size to be read here; this one resizes and cuts them itself; "
            "export the model without --resize"
        )
    kept = {key: steps.get(key) for key in ("rule", "geometry", "crop_ratio", "side", "resized_side", "interpolation")}
    known = (
        _is_rule(kept["rule"])
        and kept["geometry"] in GEOMETRIES
        and kept["interpolation"] in INTERPOLATIONS
        and form.get("input_order") in CHANNEL_ORDERS
        and _is_ratio(kept["crop_ratio"])
        and all(kept[key] is None or _is_side(kept[key]) for key in ("side", "resized_side"))
    )
    if not known:
        return None
    mean, std = AS_THEY_ARE
    plain = {"mean": mean, "std": std, "channel_order": form["input_order"]}
    given: dict[str, Any] = {**kept, **plain, "upright": steps.get("upright") is True}
    return Preprocessing(**given)


def read_class_names(text: str) -> tuple[str, ...]:
    """The names in a JSON list; none where the text is no such list."""
    try:
        names = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    return tuple(map(str, names)) if isinstance(names, list) else ()


def _read_tables(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The entries ``steps`` and ``form``; empty where there are none."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return {}, {}
    if not isinstance(told, dict) or told.get("format_version") != FORMAT_VERSION:
        return {}, {}
    steps, form = told.get("steps"), told.get("form")
    return (steps, form) if isinstance(steps, dict) and isinstance(form, dict) else ({}, {})


def _is_rule(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable() and 0 < len(value) <= _LONGEST_RULE


def _is_ratio(value: Any) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool) and _LEAST_RATIO <= value <= 1


def _is_side(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MOST_SIDE
