"""What the report of a run is made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from analysis.published import timm_results
from bench.statistics.model_ratios import read_model_pairs
from bench.statistics.result import RunResult, read_meeting, summarise_run

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
        result: What the measurements came to, made with the record: all that a report says of times is read from it.
    """

    info: RunInfo
    measurements: tuple[Measurement, ...] = ()
    costs: tuple[dict[str, Any], ...] = ()
    printed: tuple[PublishedRow, ...] = ()
    floor: str = ""
    result: RunResult = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Summarise the measurements, once for the whole report."""
        models = {one.case.model for one in self.measurements}
        published = {
            name: timm_results.read_cpu_times_s(name) for name in sorted(models) if name.startswith(timm_results.PREFIX)
        }
        settings = self.info.settings
        pairs, meet = read_model_pairs(settings), read_meeting(settings)
        result = summarise_run(self.measurements, pairs, published, precisions_meet=meet)
        object.__setattr__(self, "result", result)
