"""A build compared with itself, the head made slower by known shares: what a comparison sees on this machine today.

A pair of fresh processes is a round of the group that a comparison measures, see `bench.running.paired_builds`: the
same order of starting, comparison of logits and repetition of disturbed rounds. Each turn of a comparison is joined by
one for every slowdown, in random order: the base at full speed, the head slowed. So one pair gives data for every
level. How pairs become comparisons, and these error rates, is in `bench.selftest.power`.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.records.pair import Pair
from bench.running.paired_builds import find_obstacle, pair_builds
from bench.running.scheduling import measure_and_decide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from bench.records.case import Case
    from bench.records.measurement import Round
    from bench.records.settings import Settings
    from bench.running.case_state import CaseState
    from bench.running.interleaved_group import InterleavedGroup
    from bench.workers.executor import Executor

#: Shares by which the head is made slower where no others are named; the first is the A/A test itself.
LEVELS = (0.0, 0.005, 0.01, 0.02, 0.05)
#: One pair has no spread, so the time never ends a test before the second.
_LEAST_PAIRS = 2


def open_groups(
    cases: Sequence[Case],
    *,
    settings: Settings,
    executors: tuple[Executor, Executor],
    scratch: Path,
    pairs: int | None,
    levels: Sequence[float] = LEVELS,
) -> list[InterleavedGroup]:
    """A group for each case, in which two workers of the same build take turns.

    Without a number of pairs, as many are measured as fit into the time. Level 0 comes first.
    """
    rounds = pairs or sys.maxsize
    settings = replace(settings, min_rounds=rounds, max_rounds=rounds)
    return [
        pair_builds(
            (case, case),
            executors,
            settings=settings,
            scratch=scratch / str(index),
            slowdowns=levels[1:],
        )
        for index, case in enumerate(cases)
    ]


def measure_pairs(groups: Sequence[InterleavedGroup], left_s: Callable[[], float]) -> Iterator[InterleavedGroup]:
    """Measure a pair of each group in turn, so that whatever the machine does affects all alike.

    A further pair of each is begun where all of them should fit into the time left [s].

    Yields:
        The group of which a pair, or the repetition of a disturbed one, is done. One that fails is not continued.
    """
    going = list(groups)
    while going and (min(map(count_pairs, going)) < _LEAST_PAIRS or _expect_s(going) <= left_s()):
        for group in list(going):
            if not measure_and_decide(group, lambda _measurements: None):
                going.remove(group)
            yield group


def _expect_s(groups: Sequence[InterleavedGroup]) -> float:
    return sum(group.history.next_s for group in groups)


def count_pairs(group: InterleavedGroup) -> int:
    """Pairs that are complete."""
    return min(len(state.rounds) for state in group.states)


def read_pairs(group: InterleavedGroup, levels: Sequence[float] = LEVELS) -> list[Pair]:
    """The pairs of a group, in the order they were measured."""
    base, head = (_rounds_by_level(state, levels) for state in group.states)
    return [
        Pair(
            base_s=tuple(measured.turns_s for measured in base_rounds),
            head_s=tuple(measured.turns_s for measured in head_rounds),
            machine=head_rounds[0].interference,
        )
        for base_rounds, head_rounds in zip(base, head, strict=False)
    ]


def _rounds_by_level(state: CaseState, levels: Sequence[float]) -> Iterator[tuple[Round, ...]]:
    return zip(state.rounds, *(state.slowed.get(level, ()) for level in levels[1:]), strict=False)


def find_failure(group: InterleavedGroup) -> str:
    """Why a group has ended before its time; empty where it has not."""
    base, head = group.measurements()
    return find_obstacle(base, head)[1]
