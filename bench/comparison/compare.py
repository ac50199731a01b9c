"""Base and head compared: from turns they took together, or from two stored runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.backends.registry import libraries
from bench.comparison.builds import BASE, HEAD, HeadExecutor
from bench.running.interleaved_group import InterleavedGroup
from bench.running.resume import RESUMED
from bench.statistics.verdicts import Change, paired_change, unpaired_change
from bench.workers.executor import ProcessExecutor
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bench.records.case import Case
    from bench.records.measurement import Measurement
    from bench.records.run import RunInfo
    from bench.records.settings import Settings
    from bench.workers.child_process import Build
    from bench.workers.executor import Executor

#: What two runs must share for their times to be compared, each as its name and where the environment holds it.
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
#: What a head that is to be no slower may not have lost.
_LOST = frozenset({"unavailable", "unsupported"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One case of a comparison.

    Args:
        base: What was measured of the base.
        head: What was measured of the head; its case is another where two settings are compared.
        change: Head against base; None where a side has no times that may be compared.
        status: ``ok``, or that of the side that has none.
        reason: One line; why it is not ok.
    """

    base: Measurement
    head: Measurement
    change: Change | None
    status: str = "ok"
    reason: str = ""


def compare_live(
    contests: Sequence[tuple[Case, Case]],
    builds: tuple[Build, Build],
    *,
    settings: Settings,
    scratch: Path,
    weights: Path | None = None,
    watch: Callable[[Case, str], None] = lambda _case, _what: None,
    executors: tuple[Executor, Executor] | None = None,
) -> Iterator[Compared]:
    """Each pair of cases in a match of its own: both sides' workers alive together, taking turns in random order.

    Args:
        contests: Pairs of base and head; both cases are the same where two builds are compared.
        builds: Of base and head.
        settings: The measuring settings; the number of rounds must be fixed, see `bench.statistics.verdicts`.
        scratch: Folder for what workers share.
        weights: A checkpoint; without it the weights are calibrated random ones.
        watch: Told of each step.
        executors: In place of processes of the builds.

    Yields:
        What became of each pair, when it is done; of one that Ctrl-C ends, what its whole rounds say.
    """
    assert settings.min_rounds == settings.max_rounds, "rounds are fixed before the first is seen"
    base, head = executors or tuple(
        ProcessExecutor(build, memory_limit_bytes=settings.memory_limit_bytes) for build in builds
    )
    sides = [(BASE, base), (HEAD, HeadExecutor(head))]
    begun = base.now()
    for place, pair in enumerate(contests):
        match = InterleavedGroup(
            pair,
            settings=settings,
            executor=base,
            scratch=scratch / str(place),
            weights=weights,
            watch=watch,
            sides=sides,
        )
        left_s = settings.budget_s and (settings.budget_s - (base.now() - begun)) / (len(contests) - place)
        try:
            match.run(left_s and max(left_s, 1.0), lambda _found: None)
        except KeyboardInterrupt:
            one, two = match.measurements()
            if one.rounds and two.rounds:
                yield _compare(one, two, paired_change)
            raise
        one, two = match.measurements()
        yield _compare(one, two, paired_change)


def compare_stored(base: Sequence[Measurement], head: Sequence[Measurement]) -> list[Compared]:
    """The cases that two runs have in common; their rounds were taken at different times.

    Raises:
        InputError: They have none in common.
    """
    found = {one.case: one for one in head}
    pairs = [(one, found[one.case]) for one in base if one.case in found]
    if not pairs:
        some = ", ".join(side[0].case.id if side else "none" for side in (base, head))
        raise InputError(f"two runs are compared by the cases they share, and these share none (the first are {some})")
    return [_compare(one, two, unpaired_change) for one, two in pairs]


def find_unshared(base: Sequence[Measurement], head: Sequence[Measurement]) -> tuple[list[str], list[str]]:
    """Ids of the cases that only the base has, and of those that only the head has."""
    cases = [[one.case for one in side] for side in (base, head)]
    return [case.id for case in cases[0] if case not in cases[1]], [
        case.id for case in cases[1] if case not in cases[0]
    ]


def _compare(base: Measurement, head: Measurement, change: Callable[[Measurement, Measurement], Change]) -> Compared:
    if base.case == head.case and base.status == "ok" and head.status in _LOST:
        reason = f"{HEAD} is {head.status} where {BASE} is not: {head.reason}"
        return Compared(base=base, head=head, change=None, status="failed", reason=reason)
    # A side that was ended because the other failed is ok itself; the other tells why.
    for label, side in ((BASE, base), (HEAD, head)):
        if side.status != "ok":
            return Compared(base=base, head=head, change=None, status=side.status, reason=f"{label}: {side.reason}")
    return Compared(base=base, head=head, change=change(base, head))


def find_differences(base: RunInfo, head: RunInfo, digests: tuple[str | None, str | None] = (None, None)) -> list[str]:
    """In what the conditions of two runs differ, in words; empty where their times may be compared.

    Args:
        base: One run.
        head: The other.
        digests: Of the checkpoints they read, None where that is not known: a name may stand for another file by now.
    """
    found = [
        f"{name} {was or 'unknown'} and {is_now or 'unknown'}"
        for name, part, key in _CONDITIONS
        for was, is_now in [(_value(base.environment, part, key), _value(head.environment, part, key))]
        if was != is_now
    ]
    weights = [run.settings.get("weights") for run in (base, head)]
    if None not in digests and digests[0] != digests[1]:
        found.append(f"weights {weights[0]} and {weights[1]}, whose contents differ")
    elif None in digests and weights[0] != weights[1]:
        found.append(f"weights {weights[0]} and {weights[1]}")
    if base.settings.get("seed") != head.settings.get("seed"):
        found.append(f"seed {base.settings.get('seed')} and {head.settings.get('seed')}")
    for run in (base, head):
        forced = [told for again in run.settings.get(RESUMED, ()) for told in again.get("differences", ())]
        found += [f"run {run.id} itself was gone on with under others: {told}" for told in forced]
    return found


def _value(environment: Mapping[str, Any], part: str, key: str) -> Any:
    return environment.get(part, {}).get(key)
