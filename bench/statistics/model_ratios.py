"""Models against their rivals: ratios of latencies from turns that they took side by side. No torch here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bench.records.case import SCENARIOS
from bench.statistics.summary import ratio
from rexnet_core.errors import InputError
from rexnet_core.registry import model_info

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.records.case import Case
    from bench.records.measurement import Measurement
    from bench.statistics.summary import Ratio

#: Under this name the settings of a run hold its groups of rivals, as lists of model names.
RIVALS = "rivals"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRatio:
    """How a model compares with a rival on the same backend, everything but model and resolution alike.

    Args:
        model: The measurement of the first of its group.
        rival: That of another of the group.
        found: Latency of the rival over that of the model; above 1 the model is faster. None where there is none.
        reason: Why there is no ratio or no interval; empty where there are both.
    """

    model: Measurement
    rival: Measurement
    found: Ratio | None
    reason: str = ""

    @property
    def native(self) -> bool:
        """Whether both ran at their own input sides."""
        return all(_is_native(one.case) for one in (self.model, self.rival))


def read_model_pairs(settings: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    """The groups of rivals that the settings of a run hold; none where it had none."""
    return tuple(tuple(group) for group in settings.get(RIVALS, ()))


def model_ratios(measurements: Sequence[Measurement], rivals: Sequence[Sequence[str]]) -> tuple[ModelRatio, ...]:
    """Each rival over the first of its group, for every backend and setting in which both were asked for.

    Two inputs are fair in two ways: of the same side, or each of its model's own side. Latencies are compared, so the
    scenario that has none is left out.

    Args:
        measurements: Of one run.
        rivals: Groups of model names.
    """
    timed = [one for one in measurements if one.case.scenario == SCENARIOS[0]]
    return tuple(
        _compare(model, rival)
        for group in rivals
        for model in timed
        if model.case.model == group[0]
        for rival in _rivals_of(model, timed, group[1:])
    )


def _rivals_of(model: Measurement, timed: Sequence[Measurement], names: Sequence[str]) -> Iterator[Measurement]:
    for name in names:
        for one in timed:
            alike = replace(one.case, model=model.case.model, resolution=model.case.resolution) == model.case
            if one.case.model == name and alike and _is_fair(model.case, one.case):
                yield one


def _is_fair(one: Case, two: Case) -> bool:
    return one.resolution == two.resolution or (_is_native(one) and _is_native(two))


def _is_native(case: Case) -> bool:
    """Whether the input has the model's own side; a model that this version does not know has none."""
    try:
        return case.resolution == model_info(case.model).resolution
    except InputError:
        return False


def _compare(model: Measurement, rival: Measurement) -> ModelRatio:
    for one in (model, rival):
        if one.status != "ok":
            reason = f"{one.case.model} is {one.status}: {one.reason}"
            return ModelRatio(model=model, rival=rival, found=None, reason=reason)
    found = ratio(rival, model)
    reason = found.reason if found else "no turn was taken by both"
    return ModelRatio(model=model, rival=rival, found=found, reason=reason)
