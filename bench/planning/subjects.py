"""The models of a plan: whose each is, at which inputs it is measured, and what it costs there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.complexity import as_dict, count
from bench.records.subject import Question, Subject
from bench.workers.descriptions import Limits, describe_models
from rexnet_core.errors import InputError
from rexnet_core.registry import model_info
from rexnet_core.sources.registry import REGISTERED, SOURCES, resolve
from rexnet_core.sources.source import Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rexnet_core.sources.tensors import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOptions:
    """How the models of a call are to be made and fed.

    Args:
        model_args: Arguments of models that a callable makes.
        shapes: Of each input for one image; empty for images.
        channels: Of the images; None are each model's own.
        trust: Whether files that can hold code may be loaded.
    """

    model_args: Mapping[str, Any] | None = None
    shapes: tuple[Shape, ...] = ()
    channels: int | None = None
    trust: bool = False


def resolve_models(names: Iterable[str], options: ModelOptions) -> dict[str, str]:
    """The kind of source by the one spelling of each name, each once, in order.

    Raises:
        InputError: There can be no such model here, or an option is for models of which there are none.
    """
    asked = [Request(name=name, model_args=options.model_args, trust=options.trust) for name in names]
    models = {name: kind for kind, name in map(resolve, asked)}
    if options.channels is not None and options.channels < 1:
        raise InputError(f"--in-channels must be at least 1, not {options.channels}")
    if options.model_args is not None and "py" not in models.values():
        raise InputError("--model-args are for a model py:package.module:callable, and there is none; leave them out")
    return models


def find_subjects(
    models: Mapping[str, str],
    options: ModelOptions,
    resolutions: Sequence[int | str],
    *,
    own_sides: bool,
    limits: Limits | None = None,
) -> list[Subject]:
    """Each model at each of its inputs. Our networks are counted from their configs, all others in another process.

    Args:
        models: Kind of source by name.
        options: How they are made and fed.
        resolutions: Sides of the square image [pixels], or the word for each model's own.
        own_sides: Whether models from elsewhere take their own side whatever `resolutions` says.
        limits: Of the processes that describe models.

    Raises:
        InputError: There is no such model, or a number is out of range.
    """
    questions = list(_list_questions(models, options, resolutions, own_sides=own_sides))
    foreign = [question for question in questions if not _is_plain(question)]
    described = dict(zip(foreign, describe_models(foreign, limits), strict=True))
    subjects = [described[one] if one in described else _count(one) for one in questions]
    return list({(subject.model, subject.shapes): subject for subject in subjects}.values())


def _list_questions(
    models: Mapping[str, str], options: ModelOptions, resolutions: Sequence[int | str], *, own_sides: bool
) -> Iterator[Question]:
    for name, kind in models.items():
        sides = [None] if own_sides and kind != REGISTERED else resolutions
        channels = options.channels or (options.shapes[0][0] if kind == REGISTERED and options.shapes else None)
        for side in dict.fromkeys(sides):
            yield Question(
                model=name,
                source=kind,
                resolution=_own_side(name, kind) if isinstance(side, str) else side,
                shapes=options.shapes,
                channels=None if channels == 3 and kind == REGISTERED else channels,  # noqa: PLR2004 - of a usual image
            )


def _own_side(name: str, kind: str) -> int | None:
    return model_info(name).resolution if kind == REGISTERED else None


def _is_plain(question: Question) -> bool:
    """Whether the config says all that there is to know."""
    return question.source == REGISTERED and not question.shapes


def _count(question: Question) -> Subject:
    side, channels = question.resolution, question.channels or 3
    assert side is not None, "our networks have a side"
    cost = count(question.model, side, in_channels=channels)
    return Subject(
        model=cost.model,
        source=SOURCES[REGISTERED].kind,
        shapes=((channels, side, side),),
        cost=as_dict(cost, per_layer=True),
    )
