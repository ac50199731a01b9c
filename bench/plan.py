"""What a run will measure: presets, the grid, and every check that can be made before the first second is spent."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from analysis.complexity import count
from bench.case import BACKENDS, DEVICES, MEMORY_FORMATS, PRECISIONS, SCENARIOS, Case
from bench.machine import read_available_bytes, read_thread_budget
from bench.measure import Settings
from rexnet_core.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Cases in the order they are run, how thoroughly, and on what weights."""

    cases: tuple[Case, ...]
    settings: Settings
    preset: str = "custom"
    weights: Path | None = None

    def matches(self) -> list[tuple[Case, ...]]:
        """The cases grouped by `Case.match`, in order."""
        grouped: dict[tuple[Any, ...], list[Case]] = {}
        for case in self.cases:
            grouped.setdefault(case.match, []).append(case)
        return [tuple(cases) for cases in grouped.values()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A named grid with measuring settings."""

    summary: str
    models: tuple[str, ...]
    batch_sizes: tuple[int, ...]
    settings: Settings
    backends: tuple[str, ...] = BACKENDS
    resolutions: tuple[int, ...] = (224,)
    precisions: tuple[str, ...] = ("fp32",)
    memory_formats: tuple[str, ...] = ("contiguous",)


_PUBLISHED = ("0.9", "1.0", "1.3", "1.5", "2.0", "2.2", "3.0")

PRESETS: Mapping[str, Preset] = {
    "quick": Preset(
        summary="two variants on every backend, within ten minutes on two cores",
        models=("rexnet_1.0", "rexnet_1.3"),
        batch_sizes=(1, 8),
        settings=Settings(min_rounds=3, max_rounds=4, round_s=1.5, warm_s=8.0, budget_s=510.0),
    ),
    "standard": Preset(
        summary="the widths people deploy and both baselines; an hour or two on two cores",
        models=(
            "rexnet_1.0",
            "rexnet_1.3",
            "rexnet_1.5",
            "rexnet_2.0",
            "rexnet_lite_1.0",
            "regnetx_3.2gf",
            "mobilenet_v2_1.0",
        ),
        batch_sizes=(1, 8, 32),
        settings=Settings(min_rounds=3, max_rounds=6),
    ),
    "full": Preset(
        summary="every published width, four batch sizes, both memory formats and precisions; a night",
        models=(
            *(f"rexnet_{width}" for width in _PUBLISHED),
            "rexnet_lite_1.0",
            "rexnet_plain",
            "regnetx_3.2gf",
            "mobilenet_v2_1.0",
        ),
        batch_sizes=(1, 8, 32, 64),
        precisions=PRECISIONS,
        memory_formats=MEMORY_FORMATS,
        settings=Settings(min_rounds=6, max_rounds=10, round_s=5.0),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a user asked for on top of a preset; None leaves the preset's value."""

    preset: str = "quick"
    models: Sequence[str] | None = None
    backends: Sequence[str] | None = None
    batch_sizes: Sequence[int] | None = None
    resolutions: Sequence[int] | None = None
    precisions: Sequence[str] | None = None
    memory_formats: Sequence[str] | None = None
    scenarios: Sequence[str] | None = None
    device: str = "cpu"
    threads: int | None = None
    weights: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


def expand(selection: Selection) -> Plan:
    """The plan of a selection, checked.

    Raises:
        InputError: A value breaks a rule, nothing is left to run, or a batch can't fit into memory.
        UnknownNameError: A name is not known; the message has the nearest.
    """
    if selection.preset not in PRESETS:
        raise UnknownNameError("preset", selection.preset, PRESETS)
    preset = PRESETS[selection.preset]
    models = _chosen("model", selection.models, preset.models)
    batches = [
        _check_positive("batch size", batch)
        for batch in _chosen("batch size", selection.batch_sizes, preset.batch_sizes)
    ]
    resolutions = _chosen("resolution", selection.resolutions, preset.resolutions)
    backends = _check_names("backend", _chosen("backend", selection.backends, preset.backends), BACKENDS)
    precisions = _check_names("precision", _chosen("precision", selection.precisions, preset.precisions), PRECISIONS)
    formats = _chosen("memory format", selection.memory_formats, preset.memory_formats)
    formats = _check_names("memory format", formats, MEMORY_FORMATS)
    scenarios = _check_names("scenario", _chosen("scenario", selection.scenarios, ("latency",)), SCENARIOS)
    [device] = _check_names("device", [selection.device], DEVICES)
    threads = _check_threads(selection.threads)
    costs = {(model, side): count(model, side) for model in models for side in resolutions}
    for (model, side), cost in costs.items():
        for batch in batches:
            _check_memory(model, side, batch, cost.layers)
    if selection.weights is not None:
        _check_weights(selection.weights, [cost.model for cost in costs.values()])
    cases = [
        Case(
            model=costs[model, side].model,
            resolution=side,
            batch=batch,
            backend=backend,
            precision=precision,
            threads=threads,
            memory_format=memory_format,
            device=device,
            scenario=scenario,
        )
        for model, side, precision, batch in itertools.product(models, resolutions, precisions, batches)
        for backend, memory_format, scenario in itertools.product(backends, formats, scenarios)
    ]
    settings = _check_settings(preset.settings, selection.settings)
    return Plan(
        cases=tuple(dict.fromkeys(cases)), settings=settings, preset=selection.preset, weights=selection.weights
    )


def _chosen(kind: str, asked: Sequence[T] | None, default: Sequence[T]) -> list[T]:
    """What was asked for, without repeats, or the default; an empty list is nobody's wish."""
    if asked is not None and not asked:
        raise InputError(
            f"at least one {kind} must be chosen, the selection is empty; leave the option out for the preset's"
        )
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
    """The asked number of threads, or the budget; more than the budget would measure the scheduler."""
    budget = read_thread_budget()
    if threads is None:
        return budget
    _check_positive("number of threads", threads)
    if threads > budget:
        raise InputError(
            f"threads must be at most {budget} here (affinity, quota and physical cores allow no more), not {threads}"
        )
    return threads


def _check_memory(model: str, side: int, batch: int, layers: Sequence[Any]) -> None:
    """Refuse a batch whose input and widest activation alone exceed the memory that is there."""
    widest = max(layer.activations for layer in layers)
    needed = batch * 4 * (3 * side * side + 2 * widest)
    available = read_available_bytes()
    if needed > available:
        raise InputError(
            f"batch {batch} of {model} at {side} needs at least {needed / 2**30:,.1f} GiB, "
            f"{available / 2**30:,.1f} GiB are free; "
            f"the largest that could fit is {batch * available // needed}"
        )


def _check_weights(weights: Path, models: Sequence[str]) -> None:
    if len(set(models)) > 1:
        raise InputError(f"--weights is the checkpoint of one model, {len(set(models))} are chosen; add --models NAME")
    if not weights.is_file():
        raise InputError(f"--weights must be a file, {weights} is none")


def _check_settings(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """The settings with a user's changes.

    Raises:
        InputError: A change makes no sense.
    """
    changed = replace(settings, **changes)
    if "max_rounds" in changes and changes["max_rounds"] < changed.min_rounds:
        changed = replace(changed, min_rounds=changes["max_rounds"])
    elif changed.min_rounds > changed.max_rounds:
        changed = replace(changed, max_rounds=changed.min_rounds)
    for name in ("max_rounds", "slice_s", "round_s", "warm_s", "limit_s"):
        if not getattr(changed, name) > 0:
            raise InputError(f"{name} must be above 0, not {getattr(changed, name)}")
    if changed.budget_s is not None and not changed.budget_s > 0:
        raise InputError(f"budget must be above 0 seconds, not {changed.budget_s}")
    if changed.seed < 0:
        raise InputError(f"seed must be at least 0, not {changed.seed}")
    if not 0 < changed.target < 1:
        raise InputError(f"target must be a share between 0 and 1, not {changed.target}")
    return changed
