"""Documents as JSON can carry them."""

from __future__ import annotations

import json
import math
from typing import Any


def render_json(document: Any) -> str:
    """The document as JSON; NaN and infinity, which JSON lacks, become null, numpy numbers Python's."""
    return json.dumps(make_plain(document), indent=2)


def make_plain(value: Any) -> Any:
    """The value as JSON can carry it: NaN and infinities, which it lacks, as None; arrays as lists."""
    if isinstance(value, dict):
        return {str(key): make_plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [make_plain(inner) for inner in value]
    if hasattr(value, "tolist"):
        return make_plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
