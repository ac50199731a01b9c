"""Models compared with one another: ratios of latencies from turns that they took side by side. No torch here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bench.records.case import LATENCY
from bench.statistics.summary import ratio
from rexnet_core.errors import InputError
from rexnet_core.registry import model_info
from rexnet_core.sources.registry import REGISTERED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from analysis.statistics.estimates import Estimate
    from bench.records.case import Case
    from bench.statistics.case_result import CaseResult

#: Under this name the settings of a run hold its groups of models, as lists of names.
RIVALS = "rivals"
#: Fields of a case that say which model it has, and how large its inputs are.
_OF_MODEL = ("model", "source", "fingerprint", "resolution", "shape")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRatio:
    """How one model compares with another of its group, everything but model and resolution alike.

    `estimate` is the latency of the other over that of the model; above 1 the model is faster.
    """

    model: CaseResult
    other: CaseResult
    estimate: Estimate
    pairs: int

    @property
    def native(self) -> bool:
        """Whether both ran at their own input sides."""
        return _is_native(self.model.case) and _is_native(self.other.case)


def read_model_pairs(settings: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    """The groups of models to compare that the settings of a run hold; empty where it had none."""
    return tuple(tuple(group) for group in settings.get(RIVALS, ()))


def model_ratios(cases: Sequence[CaseResult], groups: Sequence[Sequence[str]]) -> tuple[ModelRatio, ...]:
    """Each model over the first of its group, for every backend and setting in which both were asked for.

    Two inputs are fair in two ways: of the same side, or each of its model's own side. Latencies of
    inference are compared, so other scenarios are left out.
    """
    timed = [result for result in cases if result.case.scenario == LATENCY]
    return tuple(
        _compare(model, other)
        for group in groups
        for model in timed
        if model.case.model == group[0]
        for other in _counterparts(model, timed, group[1:])
    )


def _counterparts(model: CaseResult, timed: Sequence[CaseResult], names: Sequence[str]) -> Iterator[CaseResult]:
    for name in names:
        for other in timed:
            own = {name: getattr(model.case, name) for name in _OF_MODEL}
            alike = replace(other.case, **own) == model.case
            if other.case.model == name and alike and _is_fair(model.case, other.case):
                yield other


def _is_fair(model: Case, other: Case) -> bool:
    return model.resolution == other.resolution or (_is_native(model) and _is_native(other))


def _is_native(case: Case) -> bool:
    """Whether the input has the model's own side, which is known of the models of this version alone."""
    if case.source != REGISTERED:
        return False
    try:
        return case.resolution == model_info(case.model).resolution
    except InputError:
        return False


def _compare(model: CaseResult, other: CaseResult) -> ModelRatio:
    speedup = ratio(other.measurement, model.measurement)
    return ModelRatio(model=model, other=other, estimate=speedup.estimate, pairs=speedup.pairs)
