"""The models of a plan: whose each is, at which inputs it is measured, and what it costs there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from analysis.complexity import as_dict, count
from bench.records.subject import Question, Subject
from bench.workers.descriptions import Limits, describe_models
from rexnet_core.registry import model_info
from rexnet_core.sources.registry import REGISTERED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from analysis.model_options import ModelOptions
    from bench.records.case import Case


def find_subjects(
    models: Mapping[str, str],
    options: ModelOptions,
    resolutions: Sequence[int | str],
    *,
    own_sides: bool,
    told_sides: bool = False,
    limits: Limits | None = None,
    weights: Path | None = None,
    weights_entry: str | None = None,
) -> list[Subject]:
    """Each model at each of its inputs. Our networks are counted from their configs, all others in another process.

    So are networks of ours with a checkpoint, which are read there: they have as many classes as it.

    Args:
        models: Kind of source by name.
        options: How they are made and fed.
        resolutions: Sides of the square image [pixels], or the word for each model's own.
        own_sides: Whether models from elsewhere take their own side whatever `resolutions` says.
        told_sides: Whether the side that a checkpoint was trained for goes before numbers in `resolutions`, as it does
            before a model's own.
        limits: Of the processes that describe models.
        weights: A checkpoint.
        weights_entry: Which entry of it; None for its only one.

    Raises:
        InputError: There is no such model, a number is out of range, or a checkpoint is not that of our network.
    """
    asked = _list_questions(models, options, resolutions, own_sides=own_sides, told_sides=told_sides)
    checkpoint: dict[str, Any] = {"weights": str(weights), "weights_entry": weights_entry} if weights else {}
    questions = [replace(one, **checkpoint) if one.source == REGISTERED else one for one in asked]
    subjects = _answer(questions, limits)
    return list({(subject.model, subject.shapes): subject for subject in subjects}.values())


def describe_again(cases: Iterable[Case], limits: Limits | None = None) -> list[Subject]:
    """Each model of planned cases at its inputs, as it is now.

    Raises:
        InputError: There is no such model any more.
    """
    questions = (
        Question(
            model=case.model,
            source=case.source,
            resolution=case.resolution,
            shapes=case.input_shapes if case.shape or case.source != REGISTERED else (),
        )
        for case in cases
    )
    return _answer(list(dict.fromkeys(questions)), limits)


def _answer(questions: Sequence[Question], limits: Limits | None) -> list[Subject]:
    foreign = [question for question in questions if not _is_plain(question)]
    described = dict(zip(foreign, describe_models(foreign, limits), strict=True))
    return [described[one] if one in described else _count(one) for one in questions]


def _list_questions(
    models: Mapping[str, str],
    options: ModelOptions,
    resolutions: Sequence[int | str],
    *,
    own_sides: bool,
    told_sides: bool,
) -> Iterator[Question]:
    for name, kind in models.items():
        sides = [None] if own_sides and kind != REGISTERED else resolutions
        channels = options.in_channels or (options.shapes[0][0] if kind == REGISTERED and options.shapes else None)
        for side in dict.fromkeys(sides):
            yield Question(
                model=name,
                source=kind,
                resolution=_own_side(name, kind) if isinstance(side, str) else side,
                told_side=told_sides or isinstance(side, str),
                shapes=options.shapes,
                channels=None if channels == 3 and kind == REGISTERED else channels,  # noqa: PLR2004 - of a usual image
            )


def _own_side(name: str, kind: str) -> int | None:
    return model_info(name).resolution if kind == REGISTERED else None


def _is_plain(question: Question) -> bool:
    """Whether the config says all that there is to know."""
    return question.source == REGISTERED and not question.shapes and not question.weights


def _count(question: Question) -> Subject:
    side, channels = question.resolution, question.channels or 3
    assert side is not None, "our networks have a side"
    cost = count(question.model, side, in_channels=channels)
    return Subject(
        model=cost.model,
        source=REGISTERED,
        shapes=((channels, side, side),),
        cost=as_dict(cost, per_layer=True),
    )
