"""The parts of a call over process rounds: how long each takes, and what share of the call preparing pictures is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.statistics.estimates import Estimate
from bench.records.pictures import CALL_PARTS, PREPROCESSING
from bench.statistics.intervals import apply_rules, rounds_estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.records.measurement import Round


def estimate_parts(rounds: Sequence[Round], *, fresh: int = 0) -> dict[str, Estimate]:
    """The geometric mean over rounds of the median of each part [s]; empty where no round has parts.

    A round keeps the medians alone, so an interval is that of the rounds, however their samples differ.
    """
    names = dict.fromkeys(name for each in rounds for name in each.parts_s)
    return {name: _estimate([each.parts_s[name] for each in rounds if name in each.parts_s], fresh) for name in names}


def estimate_preprocessing(rounds: Sequence[Round], *, fresh: int = 0) -> Estimate:
    """The share of the parts of a call that prepares pictures; missing where calls begin with arrays."""
    parts = [each.parts_s for each in rounds if set(CALL_PARTS) <= each.parts_s.keys()]
    wholes = [sum(times_s[name] for name in CALL_PARTS) for times_s in parts]
    if not parts or min(wholes) <= 0:
        return Estimate(reason="no call prepared a picture")
    return _estimate(
        [sum(one[name] for name in PREPROCESSING) / whole for one, whole in zip(parts, wholes, strict=True)], fresh
    )


def _estimate(values: Sequence[float], fresh: int) -> Estimate:
    if min(values) <= 0:
        return Estimate(value=float(np.median(values)), reason="too short for the clock")
    return apply_rules(rounds_estimate(np.array(values), fresh), [0.0] * len(values))
