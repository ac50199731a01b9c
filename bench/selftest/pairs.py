"""The same build against itself, one side made slower by known shares: what a comparison sees on this machine today.

A pair of fresh processes lives as in a comparison. Each of its turns has a meeting for every level of slowness, in
random order: the base as it is beside the head that much slower. So one pair gives data for every level. How pairs are
made into comparisons, and these into rates, is in `bench.selftest.power`.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from bench.machine.interference import interference, read_usage
from bench.records.pair import Pair
from bench.running.sampling import plan_turns
from bench.workers.executor import WorkerError
from bench.workers.shared_files import assets_name, prepare_task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from bench.records.case import Case
    from bench.records.settings import Settings
    from bench.workers.executor import Executor, Handle

#: Shares by which the head is made slower where no others are named; the first is the A/A test itself.
LEVELS = (0.0, 0.005, 0.01, 0.02, 0.05)


class SelfTest:
    """Makes pairs of one case, one after the other."""

    def __init__(
        self,
        case: Case,
        *,
        settings: Settings,
        executor: Executor,
        scratch: Path,
        levels: Sequence[float] = LEVELS,
    ) -> None:
        """A test that has not begun.

        Args:
            case: What is timed.
            settings: Those of the comparison that is tried; rounds and targets play no part.
            executor: Starts the processes.
            scratch: Folder for what they share.
            levels: Shares by which the head is made slower, 0 first.
        """
        self._case, self._settings, self._executor = case, settings, executor
        self._scratch, self._levels = scratch, levels
        self._assets = scratch / assets_name(case)
        self._random = random.Random(f"{settings.seed} {case.id}")

    def prepare(self) -> None:
        """Make weights, inputs and, for OpenVINO, the representation.

        Raises:
            WorkerError: It can't be done.
        """
        self._assets.mkdir(parents=True, exist_ok=True)
        self._executor.prepare(prepare_task([self._case], self._assets, self._settings.seed), self._settings.limit_s)

    def make_pair(self) -> Pair:
        """Two fresh processes, warmed one after the other, their turns, and their end.

        Raises:
            WorkerError: One of them failed.
        """
        handles: list[Handle] = []
        try:
            for _ in range(2):
                handles.append(self._open())  # noqa: PERF401 - one that was started must be closed
            # Building is not timed here, so both do it at once; warm-ups would disturb each other.
            for handle in handles:
                handle.tell("build", logits_path=str(self._assets / "logits.npy"))
            for handle in handles:
                handle.hear()
            caps = {"max_s": self._settings.warm_s, "max_calls": self._settings.warm_calls}
            warm_s = [handle.ask("warm_up", **caps)["median_s"] for handle in handles]
            # A coin says who is the base: whoever started first may lie better in memory.
            base, head = self._random.sample(handles, 2)
            before = read_usage()
            # As many at each level as the comparison takes in all: what it sees, and no less, is the question.
            turns = [self._take_turn(base, head) for _ in range(plan_turns(self._settings, warm_s))]
            machine = interference(before, read_usage())
        finally:
            for handle in handles:
                handle.close()
        base_s, head_s = (tuple(zip(*(turn[side] for turn in turns), strict=True)) for side in (0, 1))
        return Pair(base_s=base_s, head_s=head_s, machine=machine)

    def _open(self) -> Handle:
        return self._executor.open(self._case, self._assets, self._scratch, self._settings.limit_s)

    def _take_turn(self, base: Handle, head: Handle) -> tuple[list[tuple[float, ...]], list[tuple[float, ...]]]:
        """Samples [s] of the base and of the head, for each level; levels, and sides at each, in random order."""
        taken: tuple[list[tuple[float, ...]], ...] = ([()] * len(self._levels), [()] * len(self._levels))
        for place in self._random.sample(range(len(self._levels)), len(self._levels)):
            slow: dict[str, Any] = {"slow_by": self._levels[place]} if self._levels[place] else {}
            meeting = [(base, {}, taken[0]), (head, slow, taken[1])]
            for handle, own, samples in self._random.sample(meeting, 2):
                answer = handle.ask("take_turn", slice_s=self._settings.slice_s, max_calls=10_000, **own)
                samples[place] = tuple(answer["samples_s"])
        return taken[0], taken[1]


def make_pairs(
    tests: Sequence[SelfTest], enough: Callable[[int, float], bool], now: Callable[[], float]
) -> Iterator[tuple[int, Pair | WorkerError]]:
    """Pairs of each test in turn, so that whatever the machine does meets all alike.

    Args:
        tests: New ones.
        enough: Told the rounds that are done, and the length of the last [s]; whether no other is begun.
        now: A clock [s].

    Yields:
        The place of the test, and a pair of it, or why it has no more: the others go on without it.
    """
    going = dict(enumerate(tests))
    done, last_s = 0, 0.0
    while going and not enough(done, last_s):
        begun = now()
        for place, test in list(going.items()):
            try:
                if not done:
                    test.prepare()
                yield place, test.make_pair()
            except WorkerError as error:
                del going[place]
                yield place, error
        done, last_s = done + 1, now() - begun
