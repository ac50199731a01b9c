"""Reject options that contradict the plan of a resumed run."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from analysis.setting_fields import name_option
from bench.machine.environment import read_environment, read_thread_budget
from bench.planning.option_fields import read_fields
from bench.planning.plan import Selection
from bench.planning.presets import NATIVE
from bench.records.case import HINT
from bench.records.settings import Settings
from bench.running.resume import read_resumption
from rexnet_core.errors import InputError
from rexnet_core.registry import model_info

if TYPE_CHECKING:
    import argparse
    from dataclasses import Field

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
    resumed = read_resumption(store, args.resume, read_environment(), read_thread_budget(), force=args.force)
    check_options(args, resumed)
    return resumed


def check_options(args: argparse.Namespace, resumed: Resumption) -> None:
    """Let an option pass that repeats the plan."""
    given = {**read_fields(args, Selection), **read_fields(args, Settings)}
    if "weights" in given:
        given["weights"] = given["weights"].resolve()
    for spec in (*fields(Selection), *fields(Settings)):
        if spec.name not in given or _agrees(given[spec.name], planned := _planned(spec, resumed), resumed):
            continue
        text = " ".join(map(str, planned)) if isinstance(planned, list) else planned or "none"
        raise InputError(
            f"{name_option(spec)} contradicts run {resumed.run.id}, which was planned with {text}; "
            "leave it out, or begin a new run without --resume"
        )


def _planned(spec: Field[Any], resumed: Resumption) -> Any:
    """What the plan has for an option; a list where cases differ in it."""
    plan = resumed.plan
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
        sides = {model_info(case.model).resolution for case in resumed.plan.cases}
        return {*sides, *(side for side in values if side != NATIVE)} == set(planned)
    return set(values) == set(planned)
