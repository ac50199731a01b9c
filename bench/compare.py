"""Base and head compared: from turns they took together, or from two stored runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.executor import ProcessExecutor
from bench.match import Match
from bench.sides import BASE, HEAD, HeadExecutor
from bench.verdicts import Change, paired_change, unpaired_change
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bench.case import Case
    from bench.executor import Executor
    from bench.measure import Settings
    from bench.process import Build
    from bench.records import Measurement, RunInfo

#: What two runs must share for their times to be compared, each as its name and where the environment holds it.
_CONDITIONS = (
    ("processor", "cpu", "model"),
    ("logical cores", "cpu", "logical"),
    ("thread budget", "limits", "threads"),
    ("system", "system", "os"),
    ("python", "system", "python"),
    ("compiler", "system", "compiler"),
    *((name, "libraries", name) for name in ("torch", "openvino", "numpy")),
)
#: The same of their settings.
_SETTINGS = ("weights", "seed")


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
        settings: The measuring settings; the number of rounds must be fixed, see `bench.verdicts`.
        scratch: Folder for what workers share.
        weights: A checkpoint; without it the weights are calibrated random ones.
        watch: Told of each step.
        executors: In place of processes of the builds.

    Yields:
        What became of each pair, when it is done.
    """
    assert settings.min_rounds == settings.max_rounds, "rounds are fixed before the first is seen"
    base, head = executors or tuple(
        ProcessExecutor(build, memory_limit_bytes=settings.memory_limit_bytes) for build in builds
    )
    sides = [(BASE, base), (HEAD, HeadExecutor(head))]
    begun = base.now()
    for place, pair in enumerate(contests):
        match = Match(
            pair,
            settings=settings,
            executor=base,
            scratch=scratch / str(place),
            weights=weights,
            watch=watch,
            sides=sides,
        )
        left_s = settings.budget_s and (settings.budget_s - (base.now() - begun)) / (len(contests) - place)
        one, two = match.run(left_s and max(left_s, 1.0), lambda _found: None)
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


def _compare(base: Measurement, head: Measurement, change: Callable[[Measurement, Measurement], Change]) -> Compared:
    # A side that was ended because the other failed is ok itself; the other tells why.
    for label, side in ((BASE, base), (HEAD, head)):
        if side.status != "ok":
            return Compared(base=base, head=head, change=None, status=side.status, reason=f"{label}: {side.reason}")
    return Compared(base=base, head=head, change=change(base, head))


def find_differences(base: RunInfo, head: RunInfo) -> list[str]:
    """In what the conditions of two runs differ, in words; empty where their times may be compared."""
    found = [
        f"{name} {was or 'unknown'} and {is_now or 'unknown'}"
        for name, part, key in _CONDITIONS
        for was, is_now in [(_value(base.environment, part, key), _value(head.environment, part, key))]
        if was != is_now
    ]
    found += [
        f"{name} {base.settings.get(name)} and {head.settings.get(name)}"
        for name in _SETTINGS
        if base.settings.get(name) != head.settings.get(name)
    ]
    return found


def _value(environment: Mapping[str, Any], part: str, key: str) -> Any:
    return environment.get(part, {}).get(key)
