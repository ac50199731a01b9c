"""Documents as JSON can carry them."""

from __future__ import annotations

import json
import math
from typing import Any

from rexnet_core.files import encode


def render_json(document: Any) -> str:
    """The document as JSON; NaN and infinity, which JSON lacks, become null, numpy numbers Python's.

    A path that is no text has signs that most readers of JSON refuse; they are written out.
    """
    return json.dumps(_spell_out(make_plain(document)), indent=2)


def make_plain(value: Any) -> Any:
    """The value as JSON can carry it: NaN and infinities, which it lacks, as None; arrays as lists."""
    if isinstance(value, dict):
        return {str(key): make_plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [make_plain(inner) for inner in value]
    if hasattr(value, "tolist"):
        return make_plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _spell_out(value: Any) -> Any:
    """The plain value with halves of characters written out."""
    if isinstance(value, str):
        return value if value.isascii() else encode(value).decode()
    if isinstance(value, dict):
        return {_spell_out(key): _spell_out(inner) for key, inner in value.items()}
    return [_spell_out(inner) for inner in value] if isinstance(value, list) else value
