"""How often other ways to compare give false positives, on the very samples of a self-test. Arrays only, no clock.

pytest-benchmark, pyperf and hyperfine time A, then B, and test their calls as if each was independent of the others.
Here A has the samples of some pairs of processes, and B those of as many later pairs. Every row of the answer has as
many calls from as many processes; only the order in which they were measured and the test differ.
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

#: Trials of each row whose pairs are drawn at random.
_TRIALS = 200
_SEED = 20_210_607
#: Significance level of each test.
_LEVEL = 1 - COVERAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherProtocol:
    """One way to compare: an order of measuring, and a test.

    Args:
        false_alarms: Share of trials with a significant difference where there was none.
        found: Share of trials that found the slow-down, for each level above 0.
        trials: Number of trials; those of A, then B overlap in time and are few.
        rounds: Process pairs in each trial.
    """

    order: str
    test: str
    false_alarms: float
    found: tuple[float, ...]
    trials: int
    rounds: int


def evaluate_protocols(pairs: Sequence[Pair], levels: Sequence[float], rounds: int) -> list[OtherProtocol]:
    """Each order with each test; empty where there are too few pairs for A, then B.

    Trials have fewer than `rounds` pairs where there are not four times as many.
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
    protocols = [
        _evaluate(order, name, test, [list(draw(rounds, *level)) for level in zip(bases, heads, strict=True)], rounds)
        for order, draw in (("A, then B", _in_sequence), ("in turns", _in_turns))
        for name, test in tests[: 3 if order == "A, then B" else 2]
    ]
    ours = evaluate(np.array([pair_logs(pair) for pair in pairs]), levels, rounds, 0.0)
    paired = OtherProtocol(
        order="in turns",
        test="Student's t over rounds, paired by turn",
        false_alarms=ours.false_positive_rate,
        found=tuple(rate.significant for rate in ours.rates[1:]),
        trials=TRIALS,
        rounds=rounds,
    )
    return [*protocols, paired]


def _in_sequence(rounds: int, base: list[Array], head: list[Array]) -> Iterator[tuple[list[Array], list[Array]]]:
    """All trials that the pairs allow: some processes of the base, and as many later processes of the head."""
    for start in range(len(base) - 2 * rounds + 1):
        middle = start + rounds
        yield base[start:middle], head[middle : middle + rounds]


def _in_turns(rounds: int, base: list[Array], head: list[Array]) -> Iterator[tuple[list[Array], list[Array]]]:
    rng = np.random.default_rng(_SEED)
    for _ in range(_TRIALS):
        chosen = rng.permutation(len(base))[:rounds]
        yield [base[place] for place in chosen], [head[place] for place in chosen]


def _evaluate(
    order: str, name: str, test: Test, trials: Sequence[list[tuple[list[Array], list[Array]]]], rounds: int
) -> OtherProtocol:
    unchanged, *slowed = ([test(base, head) for base, head in level] for level in trials)
    return OtherProtocol(
        order=order,
        test=name,
        false_alarms=float(np.mean([p_value <= _LEVEL for p_value, _ in unchanged])),
        found=tuple(
            float(np.mean([p_value <= _LEVEL and slower > 0 for p_value, slower in level])) for level in slowed
        ),
        trials=len(unchanged),
        rounds=rounds,
    )


def _welch_calls(base: list[Array], head: list[Array]) -> tuple[float, float]:
    """The p-value, and by how much the head is slower."""
    first, second = np.concatenate(base), np.concatenate(head)
    return welch_test(first, second).p_value, float(second.mean() - first.mean())


def _rank_calls(base: list[Array], head: list[Array]) -> tuple[float, float]:
    first, second = np.concatenate(base), np.concatenate(head)
    return mann_whitney_p(first, second), float(np.median(second) - np.median(first))


def _welch_processes(base: list[Array], head: list[Array]) -> tuple[float, float]:
    first, second = (np.array([math.log(np.median(values)) for values in build]) for build in (base, head))
    return welch_test(first, second).p_value, float(second.mean() - first.mean())
