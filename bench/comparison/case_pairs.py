"""What a live comparison will measure: a grid of cases, and for each what base and head make of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bench.planning.plan import expand
from bench.planning.presets import DEFAULT, PAIR_BACKENDS
from bench.records.case import HINT
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.planning.plan import Plan, Selection
    from bench.records.case import Case

#: Process rounds of a comparison.
ROUNDS = 14
#: What a side may have of its own, with the field of a selection that holds it, and its type.
KEYS: Mapping[str, tuple[str, type]] = {
    "threads": ("threads", int),
    "batch": ("batch_sizes", int),
    "backend": ("backends", str),
    "precision": ("precisions", str),
    "memory_format": ("memory_formats", str),
}
#: Cases where nothing is named.
_GRID = {"models": ["rexnet_1.0"], "backends": [*PAIR_BACKENDS], "batch_sizes": [1]}
#: Turns shorter than those of a run, and so more of them: what comes and goes then meets both sides alike, and the
#: median over turns passes over those in which it did not. From turn to turn a ratio was seen to differ by 5 to 10 % on
#: an idle machine, whether a turn had one call or five, and by 1.0 to 1.5 % from process to process: a hundred turns
#: bring the first down to the second.
SETTINGS = {"round_s": 2.5, "slice_s": 0.01, "warm_s": 8.0}


def expand_pairs(
    selection: Selection, own: Sequence[Mapping[str, Any]], *, preset: bool
) -> tuple[Plan, list[tuple[Case, Case]]]:
    """The plan, whose number of rounds is fixed, and the pairs of cases.

    Args:
        selection: What was asked for.
        own: Of base and head, as `read_changes` makes them.
        preset: Whether a preset was named for this; without, a short grid fills what was left open, whatever preset the
            project has for its runs. Only the cases are a preset's: its rounds and budget are those of a run.

    Raises:
        InputError: A value breaks a rule.
    """
    if not preset:
        usual = {name: value for name, value in _GRID.items() if getattr(selection, name) is None}
        selection = replace(selection, preset=DEFAULT, **usual)  # type: ignore[arg-type]
    asked = selection.settings
    rounds = asked.get("max_rounds", ROUNDS)
    fixed = {"budget_s": None, **SETTINGS, **asked, "min_rounds": rounds, "max_rounds": rounds}
    selection = replace(selection, settings={name: value for name, value in fixed.items() if name != "budget_s"})
    plan = expand(selection)
    plan = replace(plan, settings=replace(plan.settings, budget_s=fixed["budget_s"]))
    pairs = [(_changed(case, selection, own[0]), _changed(case, selection, own[1])) for case in plan.cases]
    return plan, list(dict.fromkeys(pairs))


def read_changes(option: str, given: Sequence[str] | None) -> dict[str, Any]:
    """Fields of a selection with the values that a side has of its own.

    Args:
        option: That holds them, for messages.
        given: Such as ``threads=1``; None for none.

    Raises:
        InputError: A key is not known, or a value is no number where one is needed.
    """
    changes: dict[str, Any] = {}
    for text in given or ():
        key, sign, value = text.partition("=")
        if not sign or key not in KEYS:
            raise InputError(f"{option} takes KEY=VALUE with a key of {', '.join(KEYS)}, not {text!r}")
        field, kind = KEYS[key]
        try:
            one = kind(value)
        except ValueError:
            raise InputError(f"{option} {key} needs a whole number, not {value!r}") from None
        changes[field] = one if field == "threads" else [one]
    return changes


def _changed(case: Case, selection: Selection, changes: Mapping[str, Any]) -> Case:
    """The case with a side's settings, checked as those of a run are."""
    if not changes:
        return case
    alone: dict[str, Any] = {
        "models": [case.model],
        "backends": [case.backend],
        "batch_sizes": [case.batch],
        "resolutions": [case.resolution],
        "precisions": [case.precision],
        "memory_formats": [case.memory_format],
        "scenarios": [case.scenario],
        "streams": [case.streams or HINT] if case.scenario == "throughput" else None,
        "device": case.device,
        "threads": case.threads,
    }
    return expand(replace(selection, **{**alone, **changes})).cases[0]
