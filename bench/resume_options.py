"""Reject options that contradict the plan of a resumed run."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from analysis.model_options import ModelOptions
from analysis.setting_fields import name_option
from bench.machine.environment import read_environment, read_thread_budget
from bench.planning.calibration import locate_set
from bench.planning.option_fields import read_fields
from bench.planning.plan import Selection
from bench.planning.presets import NATIVE
from bench.records.case import HINT
from bench.records.settings import Settings
from bench.running.resume import read_resumption
from rexnet_core.errors import InputError
from rexnet_core.registry import model_info
from rexnet_core.sources.python_callable import read_name_arguments, write_arguments
from rexnet_core.sources.registry import REGISTERED
from rexnet_core.sources.tensors import TensorSpec, find_image_axes, write_shapes

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping
    from dataclasses import Field

    from bench.records.case import Case
    from bench.running.resume import Resumption
    from bench.store.store import Store


def check_force(args: argparse.Namespace) -> None:
    """Let ``--force`` pass only beside ``--resume``.

    Raises:
        InputError: No run is resumed.
    """
    if args.force and args.resume is None:
        raise InputError("--force resumes a run under other versions; add --resume RUN")


def read_resumed(args: argparse.Namespace, store: Store | None = None) -> Resumption | None:
    """The run that ``--resume`` names, with what is stored of it; None without that option.

    Raises:
        InputError: The run can't be resumed, or not with these options.
        StoreError: The store has no such run.
    """
    check_force(args)
    if args.resume is None:
        return None
    assert store is not None, "a resumed run is in a store"
    trust = bool(args.trust)
    resumed = read_resumption(
        store, args.resume, read_environment(), read_thread_budget(), force=args.force, trust=trust
    )
    check_options(args, resumed)
    return resumed


def check_options(args: argparse.Namespace, resumed: Resumption) -> None:
    """Let an option pass that repeats the plan."""
    options = ModelOptions(**read_fields(args, ModelOptions))
    given = {**read_fields(args, Selection), **_list_asked(options), **read_fields(args, Settings)}
    for name in {"models", "rivals"}.intersection(given):
        given[name] = tuple(options.resolve(given[name]))
    if "rivals" in given:
        given["rivals"] = (given["rivals"],)
    for name in {"calibration", "pictures"}.intersection(given):
        given[name] = locate_set(given[name])
    if "weights" in given:
        given["weights"] = given["weights"].resolve()
    for spec in (*fields(Selection), *fields(ModelOptions), *fields(Settings)):
        if spec.name not in given or _agrees(given[spec.name], planned := _planned(spec, resumed), resumed):
            continue
        text = (" ".join(map(str, planned)) if isinstance(planned, list) else planned) or "none"
        raise InputError(
            f"{name_option(spec)} contradicts run {resumed.run.id}, which was planned with {text}; "
            "leave it out, or begin a new run without --resume"
        )


def _list_asked(options: ModelOptions) -> dict[str, Any]:
    """The options about the inputs and arguments of models that were given, as `_OF_MODELS` has them of a case."""
    asked = {
        "model_args": None if options.arguments is None else write_arguments(options.arguments),
        "input_shapes": write_shapes(options.shapes) or None,
        "in_channels": options.in_channels,
    }
    return {name: value for name, value in asked.items() if value is not None}


def _read_depth(case: Case) -> int | None:
    """Channels of the image; None where the first input is none."""
    first = case.input_shapes[0]
    axes = find_image_axes(TensorSpec(name="", shape=(None, *first), dtype="float32"))
    return next(first[axis] for axis in range(3) if axis not in axes) if axes else None


def _read_arguments(case: Case) -> str | None:
    """Arguments of the model; None where it takes none."""
    return write_arguments(read_name_arguments(case.model)) if case.source == "py" else None


#: What a case has of each option about inputs and arguments; None where it has nothing of the kind.
_OF_MODELS: Mapping[str, Callable[[Case], Any]] = {
    "model_args": _read_arguments,
    "input_shapes": lambda case: write_shapes(case.input_shapes),
    "in_channels": _read_depth,
}


def _planned(spec: Field[Any], resumed: Resumption) -> Any:
    """What the plan has for an option; a list where cases differ in it."""
    plan = resumed.plan
    if spec.name in {"calibration", "pictures"}:
        chosen = getattr(plan, spec.name)
        return chosen.source or chosen.name
    if spec.name in _OF_MODELS:
        held = map(_OF_MODELS[spec.name], plan.cases)
        return list(dict.fromkeys(one for one in held if one is not None))
    match spec.metadata.get("case"):
        case None:
            return getattr(plan.settings if spec.name in Settings.__slots__ else plan, spec.name)
        case "streams":
            queued = [case for case in plan.cases if case.scenario == "throughput"]
            return list(dict.fromkeys(case.streams or HINT for case in queued))
        case field:
            return list(dict.fromkeys(getattr(case, field) for case in plan.cases))


def _agrees(value: Any, planned: Any, resumed: Resumption) -> bool:
    if not isinstance(planned, list):
        return bool(value == planned)
    values = value if isinstance(value, tuple) else (value,)
    if NATIVE in values:
        # The own side of a model from elsewhere is known to that model alone.
        own = {model_info(case.model).resolution for case in resumed.plan.cases if case.source == REGISTERED}
        foreign = {case.resolution for case in resumed.plan.cases if case.source != REGISTERED}
        return {*own, *(side for side in values if side != NATIVE)} <= set(planned) and set(planned) <= {
            *own,
            *values,
            *foreign,
        }
    return set(values) == set(planned)
