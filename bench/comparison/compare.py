"""Compare base and head: from turns that both took together, or from two stored runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.backends.registry import libraries
from bench.running.paired_builds import find_obstacle, pair_builds
from bench.running.resume import RESUMED
from bench.statistics.verdicts import Change, paired_change, unpaired_change
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from bench.records.calibration import CalibrationSet
    from bench.records.case import Case
    from bench.records.measurement import Measurement
    from bench.records.pictures import PictureSet
    from bench.records.run import RunInfo
    from bench.records.settings import Settings
    from bench.workers.executor import Executor

#: Conditions that two runs must share for their times to be compared: a name, and section and key of the environment.
_CONDITIONS = (
    ("processor", "cpu", "model"),
    ("architecture", "cpu", "arch"),
    ("logical cores", "cpu", "logical"),
    ("thread budget", "limits", "threads"),
    ("system", "system", "os"),
    ("python", "system", "python"),
    ("compiler", "system", "compiler"),
    *((name, "libraries", name) for name in (*libraries(), "numpy")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedCase:
    """One case of a comparison, whose head may be another case where two settings are compared.

    `change` is None, and `status` not ``ok``, where a build has no times that may be compared.
    """

    base: Measurement
    head: Measurement
    change: Change | None
    status: str = "ok"
    reason: str = ""


def compare_live(
    case_pairs: Sequence[tuple[Case, Case]],
    executors: tuple[Executor, Executor],
    *,
    settings: Settings,
    scratch: Path,
    weights: Path | None = None,
    weights_entry: str | None = None,
    calibration: CalibrationSet | None = None,
    pictures: PictureSet | None = None,
    watch: Callable[[Case, str], None] = lambda _case, _step: None,
) -> Iterator[ComparedCase]:
    """Compare each pair of cases in a group of its own: workers of both builds take turns in random order.

    The number of rounds must be fixed, see `bench.statistics.verdicts`.

    Yields:
        The result of each pair when it is done; after Ctrl-C, that of the complete rounds of the pair under way.
    """
    assert settings.min_rounds == settings.max_rounds, "rounds are fixed before the first is seen"
    now = executors[0].now
    begun = now()
    for index, cases in enumerate(case_pairs):
        group = pair_builds(
            cases,
            executors,
            settings=settings,
            scratch=scratch / str(index),
            weights=weights,
            weights_entry=weights_entry,
            calibration=calibration,
            pictures=pictures,
            watch=watch,
        )
        left_s = None
        if settings.budget_s is not None:
            left_s = max(1.0, (settings.budget_s - (now() - begun)) / (len(case_pairs) - index))
        try:
            group.run(left_s, lambda _measurements: None)
        except KeyboardInterrupt:
            base, head = group.measurements()
            if base.rounds and head.rounds:
                yield _compare(base, head, paired_change)
            raise
        base, head = group.measurements()
        yield _compare(base, head, paired_change)


def compare_stored(base: Sequence[Measurement], head: Sequence[Measurement]) -> list[ComparedCase]:
    """The cases that two runs have in common; their rounds were measured at different times.

    A model from elsewhere that has changed between the runs is in common: its change may be what is compared.

    Raises:
        InputError: The runs have no case in common.
    """
    head_by_case = {measurement.case.lineage: measurement for measurement in head}
    pairs = [(one, head_by_case[one.case.lineage]) for one in base if one.case.lineage in head_by_case]
    if not pairs:
        examples = ", ".join(run[0].case.id if run else "none" for run in (base, head))
        raise InputError(
            f"two runs are compared by the cases they share, and these share none (the first are {examples})"
        )
    return [_compare(*pair, unpaired_change) for pair in pairs]


def find_unshared(base: Sequence[Measurement], head: Sequence[Measurement]) -> tuple[list[str], list[str]]:
    """Ids of the cases that only the base has, and of those that only the head has."""
    base_cases, head_cases = (
        {measurement.case.lineage: measurement.case for measurement in run} for run in (base, head)
    )
    return [case.id for known, case in base_cases.items() if known not in head_cases], [
        case.id for known, case in head_cases.items() if known not in base_cases
    ]


def _compare(
    base: Measurement, head: Measurement, change: Callable[[Measurement, Measurement], Change]
) -> ComparedCase:
    status, reason = find_obstacle(base, head)
    return ComparedCase(
        base=base, head=head, change=change(base, head) if status == "ok" else None, status=status, reason=reason
    )


def find_differences(base: RunInfo, head: RunInfo, digests: tuple[str | None, str | None] = (None, None)) -> list[str]:
    """The differences between the conditions of two runs, in words; empty where their times may be compared.

    By now the name of a checkpoint may stand for another file, so digests are compared where both are known.
    """
    differences = [
        f"{name} {old or 'unknown'} and {new or 'unknown'}"
        for name, section, key in _CONDITIONS
        for old, new in [(run.environment.get(section, {}).get(key) for run in (base, head))]
        if old != new
    ]
    weights = [run.settings.get("weights") for run in (base, head)]
    if None not in digests and digests[0] != digests[1]:
        differences.append(f"weights {weights[0]} and {weights[1]}, whose contents differ")
    elif None in digests and weights[0] != weights[1]:
        differences.append(f"weights {weights[0]} and {weights[1]}")
    entries = [run.settings.get("weights_entry") for run in (base, head)]
    if entries[0] != entries[1]:
        differences.append(f"weights entry {entries[0] or 'not named'} and {entries[1] or 'not named'}")
    seeds = [run.settings.get("seed") for run in (base, head)]
    if seeds[0] != seeds[1]:
        differences.append(f"seed {seeds[0]} and {seeds[1]}")
    for run in (base, head):
        forced = [text for resumed in run.settings.get(RESUMED, ()) for text in resumed.get("differences", ())]
        differences += [f"run {run.id} was resumed under different conditions: {text}" for text in forced]
    return differences
