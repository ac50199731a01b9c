"""A census from its first to its last model; it can be stopped after each, and resumed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from analysis.study import Study
from bench.census.checking import check_subject
from bench.census.sides import choose_sides, find_own
from bench.machine.scratch import make_scratch
from bench.workers.descriptions import Limits, describe_models

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bench.census.row import CensusRow
    from bench.census.setting import CensusSetting
    from bench.census.sides import Candidate, Describe
    from bench.workers.executor import Executor

CENSUS = "census"
#: Models that one process describes: importing torch takes as long as describing several.
_TOGETHER = 10


def run_census(
    setting: CensusSetting,
    models: Mapping[str, str],
    *,
    executor: Executor,
    keep: Callable[[Study], object],
    known: Study | None = None,
    describe: Describe | None = None,
    tell: Callable[[int, int], object] = lambda _done, _all: None,
) -> Study:
    """Check every model that is not checked yet. Ctrl-C ends the census with the models that are.

    Args:
        setting: What is checked.
        models: Kind of source by name.
        executor: Starts the processes.
        keep: Receives the census after each model.
        known: The census to continue.
        describe: Answers what models are; default: another process does.
        tell: Receives how many models are checked, and of how many.
    """
    rows: list[dict[str, Any]] = list(known.payload["rows"]) if known else []
    study = _make_study(setting, models, rows)
    done = {row["model"] for row in rows}
    missing = {name: kind for name, kind in models.items() if name not in done}
    tell(len(models) - len(missing), len(models))
    try:
        for checked in _check_all(setting, missing, executor, describe or _describe_apart(setting)):
            rows += [row.as_dict() for row in checked]
            study = _make_study(setting, models, rows)
            keep(study)
            tell(len({row["model"] for row in rows}), len(models))
    except KeyboardInterrupt:
        pass
    return study


def _describe_apart(setting: CensusSetting) -> Describe:
    limits = Limits(threads=setting.thread_count, limit_s=setting.limit_s)
    return partial(describe_models, limits=limits, strict=False)


def _make_study(setting: CensusSetting, models: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> Study:
    """The census so far; it is complete when each model has its rows."""
    checked = {row["model"] for row in rows}
    return Study(
        kind=CENSUS,
        settings=setting.as_dict(),
        stopped=bool(models.keys() - checked),
        payload={"listed": len(models), "checked": len(checked), "rows": list(rows)},
    )


def _check_all(
    setting: CensusSetting, models: Mapping[str, str], executor: Executor, describe: Describe
) -> Iterator[list[CensusRow]]:
    names = list(models)
    with make_scratch() as scratch:
        for begin in range(0, len(names), _TOGETHER):
            together = {name: models[name] for name in names[begin : begin + _TOGETHER]}
            for candidate in choose_sides(together, setting.resolution, describe):
                yield _check(candidate, setting, executor, scratch, describe)


def _check(
    candidate: Candidate, setting: CensusSetting, executor: Executor, scratch: Path, describe: Describe
) -> list[CensusRow]:
    """The rows of a model; one that fails everywhere at the small side is tried at its own."""
    rows = check_subject(candidate.subject, setting, executor, scratch)
    if not candidate.refused and candidate.subject.shapes and (why := _find_common_failure(rows)):
        other = find_own(candidate.subject, why, setting.resolution, describe)
        again = check_subject(other.subject, setting, executor, scratch) if other else []
        if other and not _find_common_failure(again):
            return _mark(again, other.refused)
    return _mark(rows, candidate.refused)


def _find_common_failure(rows: Sequence[CensusRow]) -> str:
    """Why no backend ran the model; empty where one did, or none could take it."""
    if any(row.status in {"ok", "mismatch"} for row in rows):
        return ""
    return next((row.reason for row in rows if row.status == "failed"), "")


def _mark(rows: Sequence[CensusRow], refused: str) -> list[CensusRow]:
    return [replace(row, refused=refused) for row in rows]
