"""At which inputs a model is checked: at the small side that was asked for, or at its own where it refuses that one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bench.census.table_counts import find_table_side
from bench.records.subject import Question

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.records.subject import Subject

    #: As `bench.workers.descriptions.describe_models`, where a name that is no model's is a fault.
    Describe = Callable[[Sequence[Question]], list[Subject]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A model at the inputs at which it is checked; `refused` says why these are its own, where they are."""

    subject: Subject
    refused: str = ""


def choose_sides(models: Mapping[str, str], resolution: int, describe: Describe) -> list[Candidate]:
    """Each model at the side that was asked for, or at its own where it can be counted there alone.

    Args:
        models: Kind of source by name.
        resolution: The side that was asked for [pixels].
        describe: Answers what models are.
    """
    questions = [
        Question(model=name, source=kind, resolution=resolution, table_side=find_table_side(name, kind))
        for name, kind in models.items()
    ]
    small = describe(questions)
    doubted = [subject for subject in small if _depends_on_side(subject)]
    own = {subject.model: subject for subject in _describe_own(doubted, describe)}
    return [_choose(subject, own.get(subject.model), resolution) for subject in small]


def find_own(subject: Subject, why: str, resolution: int, describe: Describe) -> Candidate | None:
    """A model that failed at the side that was asked for, at its own side; None where that is the same."""
    [own] = _describe_own([subject], describe)
    if not own.shapes or own.shapes == subject.shapes:
        return None
    return Candidate(subject=replace(own, table_macs=subject.table_macs), refused=f"at {resolution} px: {why}")


def _describe_own(subjects: Sequence[Subject], describe: Describe) -> list[Subject]:
    questions = [Question(model=one.model, source=one.source) for one in subjects]
    return describe(questions) if questions else []


def _depends_on_side(subject: Subject) -> bool:
    """Whether another side may help: a model that can't be made at all can't be made for any."""
    return bool(subject.uncounted) or (subject.fault is not None and subject.fault[0] == "unsupported")


def _find_refusal(subject: Subject) -> str:
    return subject.fault[1] if subject.fault else subject.uncounted


def _choose(small: Subject, own: Subject | None, resolution: int) -> Candidate:
    if own is None or _find_refusal(own) or own.shapes == small.shapes:
        return Candidate(subject=small)
    own = replace(own, table_macs=small.table_macs)
    return Candidate(subject=own, refused=f"at {resolution} px: {_find_refusal(small)}")
