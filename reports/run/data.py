"""What the report of a run is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.published import PublishedRow
    from bench.records.measurement import Measurement
    from bench.records.run import RunInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class RunData:
    """Everything a report is made of.

    Args:
        info: When, where and under what conditions.
        measurements: One per case, whatever its status.
        costs: One mapping per model and resolution: ``model, resolution, params, params_folded, macs, activations``
            and ``layers``, a list of mappings ``layer, kind, params, macs, out_shape``.
        printed: Numbers that others printed, for what was measured to be set beside.
        floor: What can't be seen on this machine, in words; empty where it was never tested.
    """

    info: RunInfo
    measurements: tuple[Measurement, ...] = ()
    costs: tuple[dict[str, Any], ...] = ()
    printed: tuple[PublishedRow, ...] = ()
    floor: str = ""
