"""How often other ways to compare raise false alarms, on the very samples of a self-test. Arrays only, no clock.

pytest-benchmark, pyperf and hyperfine time A, then B, and test their calls as if each was independent of the others.
Here A is what some pairs of processes gave, and B what as many pairs after them did. Every row of the answer has as
many calls from as many processes; only the order in which they were taken and the test differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.statistics.estimates import COVERAGE
from analysis.statistics.significance import mann_whitney_p, welch_test
from bench.selftest.power import TRIALS, evaluate, pair_logs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.records.pair import Pair
    from bench.statistics.intervals import Array

    Test = Callable[[list[Array], list[Array]], tuple[float, float]]

#: Trials of each row that takes its pairs at random.
_TRIALS = 200
_SEED = 20_210_607
#: Chance that nothing changed at which each test tells a difference.
_LEVEL = 1 - COVERAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherProtocol:
    """One way to compare.

    Args:
        order: ``A, then B`` or ``in turns``.
        test: What was tested, and over what.
        false_alarms: Share of trials that told a difference where there was none.
        found: Share that told the slow-down, for each level above 0.
        trials: Their number; those of A, then B overlap in time and are few.
        rounds: Process pairs in each.
    """

    order: str
    test: str
    false_alarms: float
    found: tuple[float, ...]
    trials: int
    rounds: int


def evaluate_protocols(pairs: Sequence[Pair], levels: Sequence[float], rounds: int) -> list[OtherProtocol]:
    """Each order with each test; empty where there are too few pairs for A, then B.

    Args:
        pairs: In the order they were taken.
        levels: Shares by which the head was slower, 0 first.
        rounds: Pairs of a trial, fewer where there are not four times as many.
    """
    rounds = min(rounds, len(pairs) // 4)
    if rounds < 2:  # noqa: PLR2004 - one process shows no spread
        return []
    places = range(len(levels))
    bases = [[np.concatenate(pair.base_s[place]) for pair in pairs] for place in places]
    heads = [[np.concatenate(pair.head_s[place]) for pair in pairs] for place in places]
    tests: list[tuple[str, Test]] = [
        ("Welch's t over calls", _welch_calls),
        ("Mann-Whitney over calls", _rank_calls),
        ("Welch's t over processes", _welch_processes),
    ]
    found = [
        _try(order, name, test, [list(draws(rounds, *level)) for level in zip(bases, heads, strict=True)], rounds)
        for order, draws in (("A, then B", _in_sequence), ("in turns", _in_turns))
        for name, test in tests[: 3 if order == "A, then B" else 2]
    ]
    ours = evaluate(np.array([pair_logs(pair) for pair in pairs]), levels, rounds, 0.0)
    told = [rate.told for rate in ours.rates]
    paired = OtherProtocol(
        order="in turns",
        test="Student's t over rounds, paired by turn",
        false_alarms=told[0],
        found=tuple(told[1:]),
        trials=TRIALS,
        rounds=rounds,
    )
    return [*found, paired]


def _in_sequence(rounds: int, base: list[Array], head: list[Array]) -> Iterator[tuple[list[Array], list[Array]]]:
    """All there are: some processes of the base, and as many of the head from after them."""
    for start in range(len(base) - 2 * rounds + 1):
        middle = start + rounds
        yield base[start:middle], head[middle : middle + rounds]


def _in_turns(rounds: int, base: list[Array], head: list[Array]) -> Iterator[tuple[list[Array], list[Array]]]:
    """Pairs at random, base and head of each."""
    rng = np.random.default_rng(_SEED)
    for _ in range(_TRIALS):
        chosen = rng.permutation(len(base))[:rounds]
        yield [base[place] for place in chosen], [head[place] for place in chosen]


def _try(
    order: str, name: str, test: Test, trials: Sequence[list[tuple[list[Array], list[Array]]]], rounds: int
) -> OtherProtocol:
    """The row of an order and a test; `trials` has one list for each level."""
    results = [[test(one, two) for one, two in level] for level in trials]
    told = [float(np.mean([p <= _LEVEL for p, _ in results[0]]))]
    told += [float(np.mean([p <= _LEVEL and slower > 0 for p, slower in level])) for level in results[1:]]
    return OtherProtocol(
        order=order, test=name, false_alarms=told[0], found=tuple(told[1:]), trials=len(results[0]), rounds=rounds
    )


def _welch_calls(one: list[Array], two: list[Array]) -> tuple[float, float]:
    """The p-value, and by how much the second is slower."""
    first, second = np.concatenate(one), np.concatenate(two)
    return welch_test(first, second).p_value, float(second.mean() - first.mean())


def _rank_calls(one: list[Array], two: list[Array]) -> tuple[float, float]:
    first, second = np.concatenate(one), np.concatenate(two)
    return mann_whitney_p(first, second), float(np.median(second) - np.median(first))


def _welch_processes(one: list[Array], two: list[Array]) -> tuple[float, float]:
    first, second = (np.array([math.log(np.median(values)) for values in side]) for side in (one, two))
    return welch_test(first, second).p_value, float(second.mean() - first.mean())
