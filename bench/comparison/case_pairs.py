"""What a live comparison will measure: a grid of cases, each with the settings of base and of head."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from analysis.model_options import ModelOptions
from bench.planning.calibration import read_calibration
from bench.planning.pictures import read_pictures
from bench.planning.plan import expand
from bench.planning.presets import DEFAULT, PAIR_BACKENDS
from bench.records.case import END_TO_END, HINT, QUANTIZED
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.planning.plan import Plan, Selection
    from bench.records.case import Case

#: Process rounds of a comparison.
ROUNDS = 14
#: Settings that base or head may have alone: the field of a selection that holds each, and its type.
KEYS: Mapping[str, tuple[str, type]] = {
    "threads": ("threads", int),
    "batch": ("batch_sizes", int),
    "backend": ("backends", str),
    "precision": ("precisions", str),
    "memory_format": ("memory_formats", str),
}
#: The cases where the user names none.
_GRID = {"models": ["rexnet_1.0"], "backends": [*PAIR_BACKENDS], "batch_sizes": [1]}
#: Turns are shorter and more than those of a run: short disturbances then affect base and head alike, and the median
#: over turns ignores the turns in which they did not. On an idle machine a ratio differed by 5 to 10 % from turn to
#: turn, whether a turn had one call or five, and by 1.0 to 1.5 % from process to process: a hundred turns reduce the
#: first to the second.
SETTINGS = {"round_s": 2.5, "slice_s": 0.01, "warm_s": 8.0}


def expand_pairs(
    selection: Selection, own: Sequence[Mapping[str, Any]], *, preset: bool
) -> tuple[Plan, list[tuple[Case, Case]]]:
    """The plan, whose number of rounds is fixed, and the pairs of cases, with the settings that each build has alone.

    Where the user named no preset, a short grid fills the open fields, whatever preset the project has for its runs.
    Only the cases of a preset are used: its rounds and budget are those of a run.

    Raises:
        InputError: A value breaks a rule.
    """
    if not preset:
        open_fields = {name: value for name, value in _GRID.items() if getattr(selection, name) is None}
        selection = replace(selection, preset=DEFAULT, **open_fields)  # type: ignore[arg-type]
    asked = selection.settings
    rounds = asked.get("max_rounds", ROUNDS)
    fixed = {"budget_s": None, **SETTINGS, **asked, "min_rounds": rounds, "max_rounds": rounds}
    selection = replace(selection, settings={name: value for name, value in fixed.items() if name != "budget_s"})
    plan = expand(_for_cases(selection))
    plan = replace(plan, settings=replace(plan.settings, budget_s=fixed["budget_s"]))
    base, head = own
    pairs = [
        (_apply_changes(case, plan, selection, base), _apply_changes(case, plan, selection, head))
        for case in plan.cases
    ]
    cases = [case for pair in pairs for case in pair]
    calibration = read_calibration(selection.calibration, {case.precision for case in cases})
    pictures = read_pictures(selection.pictures, {case.scenario for case in cases})
    return replace(plan, calibration=calibration, pictures=pictures), list(dict.fromkeys(pairs))


def _for_cases(selection: Selection) -> Selection:
    """The selection without sets that its own cases have no use for: only one build may be in int8."""
    calibration = selection.calibration if QUANTIZED in (selection.precisions or ()) else None
    preset = selection.presets.get(selection.preset)
    scenarios = selection.scenarios or (preset.scenarios if preset else ())
    pictures = selection.pictures if END_TO_END in scenarios else None
    return replace(selection, calibration=calibration, pictures=pictures)


def read_changes(option: str, given: Sequence[str] | None) -> dict[str, Any]:
    """Fields of a selection with the values, such as ``threads=1``, that base or head has alone.

    Raises:
        InputError: A key is unknown, or a value must be a number and is not.
    """
    changes: dict[str, Any] = {}
    for text in given or ():
        key, sign, value = text.partition("=")
        if not sign or key not in KEYS:
            raise InputError(f"{option} takes KEY=VALUE, where KEY is one of {', '.join(KEYS)}, not {text!r}")
        field, kind = KEYS[key]
        try:
            number_or_name = kind(value)
        except ValueError:
            raise InputError(f"{option} {key} needs a whole number, not {value!r}") from None
        changes[field] = number_or_name if field == "threads" else [number_or_name]
    return changes


def _apply_changes(case: Case, plan: Plan, selection: Selection, changes: Mapping[str, Any]) -> Case:
    """The case of a plan with the settings of base or head, checked like those of a run."""
    if not changes:
        return case
    lists = {
        spec.name: [getattr(case, name)]
        for spec in fields(selection)
        if (name := spec.metadata.get("case")) is not None
    }
    alone: dict[str, Any] = {
        **lists,
        "streams": [case.streams or HINT] if case.scenario == "throughput" else None,
        "device": case.device,
        "threads": case.threads,
    }
    subjects = [one for one in plan.subjects if (one.model, one.shapes) == (case.model, case.input_shapes)]
    # The inputs are those of the case, whichever option chose them.
    chosen = {**alone, **changes, "options": ModelOptions()}
    return expand(_for_cases(replace(selection, **chosen)), subjects).cases[0]
