"""What a run will measure: presets, the grid, and every check that can be made before the first second is spent."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from analysis.model_options import SPELLINGS, ModelOptions
from analysis.setting_fields import ENTRY, ENTRY_UNSET, check_weights, option
from bench.backends.registry import backend_names, check_backend
from bench.machine.environment import has_nvidia_gpu, read_available_bytes, read_thread_budget
from bench.planning.calibration import read_calibration
from bench.planning.pictures import read_pictures
from bench.planning.presets import DEFAULT, NATIVE, PRESETS, Preset
from bench.planning.streams import check_streams, expand_streams
from bench.planning.subjects import find_subjects
from bench.records.calibration import CalibrationSet
from bench.records.case import (
    DEVICES,
    END_TO_END,
    HINT,
    MEMORY_FORMATS,
    PRECISIONS,
    QUANTIZED,
    SCENARIOS,
    Case,
    name_shape,
)
from bench.records.pictures import PictureSet
from bench.workers.descriptions import Limits
from rexnet_core.errors import InputError, UnknownNameError
from rexnet_core.sources.tensors import USUAL_SIDE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bench.records.settings import Settings
    from bench.records.subject import Subject

T = TypeVar("T")
_PRESET_HELP = f"what to run and how thoroughly; default: {DEFAULT}. " + "; ".join(
    f"{name}: {preset.summary}" for name, preset in PRESETS.items()
)
#: Most rounds if a budget is given: 20 rounds give a quarter of the interval of three, and more hardly help.
_BUDGET_ROUNDS = 20
#: Longest time limit of a case [s]; a longer one is surely a mistake.
_MOST_S = 30 * 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Cases in the order they are run, how thoroughly, and on what weights; `rivals` as in `Preset`.

    `weights_entry` is the entry of the checkpoint that was asked for, None for its only one. `calibration` is what
    cases in int8 are calibrated on, `pictures` what those of the end-to-end scenario begin with. `subjects` says what
    is known of the models; a plan that is read from a store has none.
    """

    cases: tuple[Case, ...]
    settings: Settings
    preset: str = "custom"
    weights: Path | None = None
    weights_entry: str | None = None
    calibration: CalibrationSet = field(default_factory=CalibrationSet)
    pictures: PictureSet = field(default_factory=PictureSet)
    rivals: tuple[tuple[str, ...], ...] = ()
    subjects: tuple[Subject, ...] = ()

    @property
    def quantizes(self) -> bool:
        """Whether a case is in int8."""
        return any(case.precision == QUANTIZED for case in self.cases)

    @property
    def shows_pictures(self) -> bool:
        """Whether a case begins with pictures."""
        return any(case.scenario == END_TO_END for case in self.cases)

    def matches(self) -> list[tuple[Case, ...]]:
        """The cases that take turns with one another, in order: the backends of a model, and those of its rivals."""
        groups = {model: group for group in self.rivals for model in group}
        grouped: dict[tuple[Any, ...], list[Case]] = {}
        for case in self.cases:
            key = (groups[case.model], *case.terms) if case.model in groups else case.match
            grouped.setdefault(key, []).append(case)
        return [tuple(cases) for cases in grouped.values()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a user asked for on top of a preset; None leaves the preset's value.

    The metadata of a field says what it is, and which field of a `Case` it chooses. Without a device, a preset made for
    GPUs runs on one, too, where there is one; any other runs on the CPU.
    """

    preset: str = option(DEFAULT, _PRESET_HELP)
    models: Sequence[str] | None = option(
        None,
        f"models in place of the preset's: ours (see `rexbench models`), or {SPELLINGS}",
        nargs="+",
        metavar="MODEL",
        case="model",
    )
    rivals: Sequence[str] | None = option(
        None,
        "models that take turns with one another; the others are divided by the first",
        nargs="+",
        metavar="MODEL",
    )
    backends: Sequence[str] | None = option(
        None, f"any of {', '.join(backend_names())}", nargs="+", metavar="BACKEND", case="backend"
    )
    batch_sizes: Sequence[int] | None = option(None, "images per call", nargs="+", type=int, case="batch")
    resolutions: Sequence[int | str] | None = option(
        None,
        f"sides of the square input; {NATIVE} is each model's own, or the one that its checkpoint was trained for",
        nargs="+",
        metavar="PIXELS",
        case="resolution",
    )
    precisions: Sequence[str] | None = option(None, f"any of {', '.join(PRECISIONS)}", nargs="+", case="precision")
    memory_formats: Sequence[str] | None = option(
        None, f"any of {', '.join(MEMORY_FORMATS)}", nargs="+", case="memory_format"
    )
    scenarios: Sequence[str] | None = option(None, f"any of {', '.join(SCENARIOS)}", nargs="+", case="scenario")
    streams: Sequence[int | str] | None = option(
        None,
        "in the throughput scenario: streams of a runtime that queues requests, or instances that share the "
        f"threads; {HINT} lets the runtime choose its number of streams",
        unset=f"1, 2, 4 ... up to the threads, and {HINT}",
        nargs="+",
        metavar="N",
        case="streams",
    )
    device: str | None = option(
        None,
        f"one of {', '.join(DEVICES)}",
        unset="cpu, and a GPU if there is one and the preset uses it",
        case="device",
    )
    threads: int | None = option(
        None, "threads of every runtime", unset="what the machine allows", type=int, case="threads"
    )
    weights: Path | None = option(None, "a checkpoint of the one chosen model", unset="calibrated weights", type=Path)
    weights_entry: str | None = option(None, ENTRY, unset=ENTRY_UNSET)
    calibration: str | None = option(
        None,
        "what models are calibrated on for int8: a folder of pictures, with one subfolder for each class where their "
        "accuracy is to be compared, or a loader as py:package.module:callable",
        unset="generated images",
        metavar="FOLDER",
    )
    pictures: str | None = option(
        None,
        f"pictures for the {END_TO_END} scenario, in a folder or in folders of it",
        unset="generated JPEG files of 500 x 375 pixels",
        metavar="FOLDER",
    )
    options: ModelOptions = field(default_factory=ModelOptions)
    presets: Mapping[str, Preset] = field(default_factory=lambda: PRESETS)
    settings: Mapping[str, Any] = field(default_factory=dict)


def expand(selection: Selection, subjects: Sequence[Subject] | None = None) -> Plan:
    """The plan of a selection, checked.

    Args:
        selection: What was asked for.
        subjects: The models at their inputs, where they are known already.

    Raises:
        InputError: A value breaks a rule, nothing is left to run, or a batch can't fit into memory.
        UnknownNameError: A name is not known; the message has the nearest.
    """
    if selection.preset not in selection.presets:
        raise UnknownNameError("preset", selection.preset, selection.presets)
    preset = selection.presets[selection.preset]
    options = _choose_options(selection, preset)
    rivals = _read_rivals(selection, preset, options)
    precisions = _check_names("precision", _chosen("precision", selection.precisions, preset.precisions), PRECISIONS)
    formats = _chosen("memory format", selection.memory_formats, preset.memory_formats)
    formats = _check_names("memory format", formats, MEMORY_FORMATS)
    scenarios = _check_names("scenario", _chosen("scenario", selection.scenarios, preset.scenarios), SCENARIOS)
    grids = _expand_devices(selection, preset)
    threads = _check_threads(preset.threads if selection.threads is None else selection.threads)
    # A preset's streams mean nothing to a run of other scenarios, as those that are asked for should.
    usual_streams = preset.streams if "throughput" in scenarios else None
    streams = check_streams(usual_streams if selection.streams is None else selection.streams, scenarios, threads)
    settings = check_settings(preset.settings, selection.settings)
    calibration = read_calibration(selection.calibration, precisions)
    pictures = read_pictures(selection.pictures, scenarios)
    if subjects is None:
        limits = Limits(threads=threads, limit_s=settings.limit_s, memory_bytes=settings.memory_limit_bytes)
        subjects = _find_subjects(selection, preset, options, limits)
    for subject in subjects:
        for batch in {batch for _, batches, _ in grids for batch in batches}:
            _check_memory(subject, batch)
    cases = [
        Case(
            model=subject.model,
            resolution=name_shape(subject.shapes)[0] if subject.shapes else USUAL_SIDE,
            shape=name_shape(subject.shapes)[1] if subject.shapes else "",
            source=subject.source,
            fingerprint=subject.fingerprint,
            batch=batch,
            backend=backend,
            precision=precision,
            threads=threads,
            memory_format=memory_format,
            device=device,
            scenario=scenario,
            streams=lanes,
            calibration=calibration.name if precision == QUANTIZED else "",
            pictures=pictures.name if scenario == END_TO_END else "",
        )
        for device, batches, backends in grids
        for subject, precision, batch in itertools.product(subjects, precisions, batches)
        for backend, memory_format, scenario in itertools.product(backends, formats, scenarios)
        for lanes in expand_streams(scenario, streams, backend, threads)
    ]
    return Plan(
        cases=tuple(dict.fromkeys(cases)),
        settings=settings,
        preset=selection.preset,
        weights=selection.weights,
        weights_entry=selection.weights_entry,
        calibration=calibration,
        pictures=pictures,
        rivals=_meeting(rivals, {subject.model for subject in subjects}),
        subjects=tuple(subjects),
    )


def _find_subjects(selection: Selection, preset: Preset, options: ModelOptions, limits: Limits) -> list[Subject]:
    usual = selection.rivals if selection.models is None and selection.rivals else preset.models
    models = options.resolve(_chosen("model", selection.models, usual))
    options.check_used(models)
    resolutions = _chosen("resolution", selection.resolutions, preset.resolutions or (USUAL_SIDE,))
    _check_names("resolution", [side for side in resolutions if isinstance(side, str)], (NATIVE,))
    _check_weights(selection.weights, list(models), selection.weights_entry)
    return find_subjects(
        models,
        options,
        resolutions,
        own_sides=selection.resolutions is None,
        told_sides=selection.resolutions is None and preset.resolutions is None,
        limits=limits,
        weights=selection.weights,
        weights_entry=selection.weights_entry,
    )


def _choose_options(selection: Selection, preset: Preset) -> ModelOptions:
    """How the models are made and fed.

    Raises:
        InputError: Two options say how large the inputs are.
    """
    if selection.resolutions and selection.options.input_shapes:
        raise InputError("--input-shape and --resolutions both say how large the inputs are; give only one of them")
    usual = replace(preset.options, input_shapes=None) if selection.resolutions else preset.options
    return selection.options.over(usual)


def _read_rivals(selection: Selection, preset: Preset, options: ModelOptions) -> tuple[tuple[str, ...], ...]:
    """The groups of models that take turns, spelled as their sources spell them."""
    if selection.rivals is None:
        groups = preset.rivals
    elif len(set(selection.rivals)) < 2:  # noqa: PLR2004 - a comparison needs two
        raise InputError(f"--rivals needs at least two models, got {' '.join(selection.rivals) or 'none'}")
    else:
        groups = (tuple(selection.rivals),)
        if selection.models is not None and (alone := set(selection.rivals) - set(selection.models)):
            raise InputError(f"--rivals must be among --models; {min(alone)} is not, add it there")
    return tuple(tuple(options.resolve(group)) for group in groups)


def _expand_devices(selection: Selection, preset: Preset) -> list[tuple[str, list[int], list[str]]]:
    """Each device with its batch sizes and backends; a GPU that nobody named gets only what runs there."""
    asked = preset.device if selection.device is None else selection.device
    _check_names("device", [asked] if asked is not None else [], DEVICES)
    batches = [
        _check_positive("batch size", batch)
        for batch in _chosen("batch size", selection.batch_sizes, preset.batch_sizes)
    ]
    backends = [check_backend(name) for name in _chosen("backend", selection.backends, preset.backends)]
    on_gpu = "cuda", batches if selection.batch_sizes else list(preset.gpu_batch_sizes), list(preset.gpu_backends)
    if asked == "cuda" and preset.gpu_batch_sizes:
        return [(*on_gpu[:2], backends if selection.backends else on_gpu[2])]
    grids = [(asked or "cpu", batches, backends)]
    if asked is None and preset.gpu_batch_sizes and has_nvidia_gpu():
        grids.append((*on_gpu[:2], [backend for backend in backends if backend in on_gpu[2]]))
    return grids


def _meeting(rivals: Iterable[tuple[str, ...]], models: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """The groups with only the models of this run; groups with fewer than two such models are left out."""
    chosen = set(models)
    groups = (tuple(model for model in group if model in chosen) for group in rivals)
    return tuple(group for group in groups if len(group) > 1)


def _chosen(kind: str, asked: Sequence[T] | None, default: Sequence[T]) -> list[T]:
    """What was asked for, without repeats, or the default; an empty list is an error."""
    if asked is not None and not asked:
        raise InputError(f"at least one {kind} must be chosen, but none is; leave the option out to use the preset")
    return list(dict.fromkeys(asked if asked is not None else default))


def _check_names(kind: str, given: Iterable[str], known: Sequence[str]) -> list[str]:
    names = list(given)
    for name in names:
        if name not in known:
            raise UnknownNameError(kind, name, known)
    return names


def _check_positive(kind: str, value: int) -> int:
    if value < 1:
        raise InputError(f"a {kind} must be at least 1, not {value}")
    return value


def _check_threads(threads: int | None) -> int:
    """The number of threads asked for, or the budget; more threads than the budget would measure the scheduler."""
    budget = read_thread_budget()
    if threads is None:
        return budget
    _check_positive("number of threads", threads)
    if threads > budget:
        raise InputError(
            f"threads must be at most {budget} here (affinity, quota and physical cores allow no more), not {threads}"
        )
    return threads


def _check_memory(subject: Subject, batch: int) -> None:
    """Refuse a batch whose inputs and widest activation alone exceed the memory that is there."""
    layers = (subject.cost or {}).get("layers") or ()
    widest = max((layer["activations"] for layer in layers), default=0)
    needed = batch * 4 * (sum(map(math.prod, subject.shapes)) + 2 * widest)
    available = read_available_bytes()
    if needed > available:
        size = name_shape(subject.shapes)
        raise InputError(
            f"batch {batch} of {subject.model} at {size[1] or size[0]} needs at least {needed / 2**30:,.1f} GiB, "
            f"{available / 2**30:,.1f} GiB are free; "
            f"the largest that could fit is {batch * available // needed}"
        )


def _check_weights(weights: Path | None, models: Sequence[str], entry: str | None = None) -> None:
    if weights is not None and len(set(models)) > 1:
        raise InputError(f"--weights is the checkpoint of one model, {len(set(models))} are chosen; add --models NAME")
    check_weights(weights, entry)


def check_settings(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """The settings with a user's changes.

    Raises:
        InputError: A change makes no sense.
    """
    changed = replace(settings, **changes)
    if "budget_s" in changes and "max_rounds" not in changes:  # the time is the limit that was asked for
        changed = replace(changed, max_rounds=max(changed.max_rounds, _BUDGET_ROUNDS))
    if "max_rounds" in changes and changes["max_rounds"] < changed.min_rounds:
        changed = replace(changed, min_rounds=changes["max_rounds"])
    elif changed.min_rounds > changed.max_rounds:
        changed = replace(changed, max_rounds=changed.min_rounds)
    for name in ("max_rounds", "slice_s", "round_s", "warm_s", "limit_s"):
        if not getattr(changed, name) > 0:
            raise InputError(f"{name} must be above 0, not {getattr(changed, name)}")
    if changed.limit_s > _MOST_S:
        raise InputError(f"limit_s must be at most {_MOST_S}, which is 30 days, not {changed.limit_s:g}")
    if changed.budget_s is not None and not changed.budget_s > 0:
        raise InputError(f"budget must be above 0 seconds, not {changed.budget_s}")
    if changed.seed < 0:
        raise InputError(f"seed must be at least 0, not {changed.seed}")
    if not 0 < changed.target < 1:
        raise InputError(f"target must be a share between 0 and 1, not {changed.target}")
    return changed
