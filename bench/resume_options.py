"""Options that say something else than the plan of the run that is gone on with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.machine.environment import read_environment, read_thread_budget
from bench.options import SETTINGS
from bench.planning.plan import NATIVE
from bench.records.case import HINT
from bench.running.resume import read_resumption
from rexnet_core.errors import InputError
from rexnet_core.registry import model_info

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.running.resume import Resumption
    from bench.store.store import Store

#: Options that choose cases, with the field of a case that they choose.
_LISTS = {
    "models": "model",
    "backends": "backend",
    "batch_sizes": "batch",
    "resolutions": "resolution",
    "precisions": "precision",
    "memory_formats": "memory_format",
    "scenarios": "scenario",
    "streams": "streams",
}
_WORDS = {"device": "device", "threads": "threads"}


def check_force(given: Callable[[str], Any]) -> None:
    """Let ``--force`` pass where there is something to force.

    Args:
        given: The value of an option by its destination.

    Raises:
        InputError: No run is gone on with.
    """
    if given("force") and given("resume") is None:
        raise InputError("--force is about going on with a run under other versions; add --resume RUN")


def read_resumed(given: Callable[[str], Any], store: Store | None = None) -> Resumption | None:
    """The run that ``--resume`` names, with what is there of it; None without that option.

    Args:
        given: The value of an option by its destination.
        store: Where it lies; not looked at without that option.

    Raises:
        InputError: It can't be gone on with, or not with these options.
        StoreError: It isn't there.
    """
    check_force(given)
    if given("resume") is None:
        return None
    assert store is not None, "a run lies in a store"
    resumed = read_resumption(store, given("resume"), read_environment(), read_thread_budget(), force=given("force"))
    check_options(given, resumed)
    return resumed


def check_options(given: Callable[[str], Any], resumed: Resumption) -> None:
    """Let an option pass that repeats what was planned.

    Args:
        given: The value of an option by its destination; None where it was not given.
        resumed: The run.

    Raises:
        InputError: One asks for something else.
    """
    plan = resumed.plan
    asked: list[tuple[str, Any, Any]] = [(name, given(name), _planned(name, resumed)) for name in (*_LISTS, *_WORDS)]
    asked += [(name, given(name), getattr(plan.settings, field)) for name, field in SETTINGS.items()]
    asked += [("preset", given("preset"), plan.preset)]
    weights = given("weights")
    asked += [("weights", weights and weights.resolve(), plan.weights)]
    for name, value, planned in asked:
        if value is None or _same(value, planned, resumed):
            continue
        told = " ".join(map(str, planned)) if isinstance(planned, list) else planned or "none"
        raise InputError(
            f"--{name.replace('_', '-')} contradicts run {resumed.run.id}, which was planned with {told}; "
            "leave it out, or begin a new run without --resume"
        )


def _planned(name: str, resumed: Resumption) -> list[Any]:
    if name == "streams":
        queued = [case for case in resumed.plan.cases if case.scenario == "throughput"]
        return list(dict.fromkeys(case.streams or HINT for case in queued))
    field = _LISTS.get(name) or _WORDS[name]
    return list(dict.fromkeys(getattr(case, field) for case in resumed.plan.cases))


def _same(value: Any, planned: Any, resumed: Resumption) -> bool:
    if not isinstance(planned, list):
        return bool(value == planned)
    if not isinstance(value, list):
        return [value] == planned
    if NATIVE in value:
        sides = {model_info(case.model).resolution for case in resumed.plan.cases}
        return {*sides, *(side for side in value if side != NATIVE)} == set(planned)
    return set(value) == set(planned)
