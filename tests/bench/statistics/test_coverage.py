"""95 % intervals hold the truth in about 95 % of simulated runs, whatever their number of rounds and why they ended.

Held as well, at the level each can have, are processes whose distribution is skewed or has two states: no interval
from a few rounds covers a state that none of them has shown. `-m extra -s` prints the tables of docs/measuring.md.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
from coverage_simulation import KINDS, reach_of, render_table, simulate_fixed, simulate_stopping
from made_up import make_measurement

from bench.records.settings import Settings
from bench.running.scheduling import allocate_rounds
from bench.running.stopping import RoundHistory
from bench.statistics.case_result import summarise
from bench.statistics.intervals import FRESH_ROUNDS, MIN_ROUNDS, log_half_width

TARGET = 0.02
ROUNDS = (3, 4, 5, 6, 7, 8, 10, 14, 20)
REASONS = ("target", "plateau", "rounds")
SPREADS = (0.01, 0.02, 0.03, 0.05, 0.1, 0.2)
GROUPS = 1000
#: A share of fewer groups than this says nothing.
LEAST = 60


def stop_after(rounds):
    return Settings(min_rounds=3, max_rounds=rounds, target=TARGET)


def test_the_simulated_interval_is_the_one_that_is_shown():
    """Several samples in each of one turn, as the effective number of samples depends on turns."""
    random = np.random.default_rng(0)
    for reason, fresh in (("rounds", 0), ("target", 4)):
        samples = random.normal(0, 0.03, (7, 1)) + random.normal(0, 0.05, (7, 41))
        latency = summarise(make_measurement(np.exp(samples)[:, None], stop_reason=reason)).latency
        medians = np.median(samples, axis=1)
        spread = np.array([np.quantile(each, [0.5 - 0.98 / 41**0.5, 0.5 + 0.98 / 41**0.5]) for each in samples])
        half = reach_of(medians, (spread[:, 1] - spread[:, 0]) / 2, fresh)
        assert np.log([latency.low, latency.high]) == pytest.approx(medians.mean() + np.array([-half, half]), rel=1e-3)


@pytest.mark.parametrize("within", [0.01, 0.1])
@pytest.mark.parametrize("between", [0.01, 0.2])
@pytest.mark.parametrize("kind", ["normal", "heavy-tailed"])
def test_a_number_of_rounds_fixed_in_advance_keeps_the_level(kind, between, within):
    shares = simulate_fixed(kind, between, within, ROUNDS, trials=3000)
    assert min(shares) >= 0.93, dict(zip(ROUNDS, shares, strict=True))


@pytest.mark.parametrize(
    ("kind", "rounds", "least"),
    [
        ("skewed", ROUNDS, 0.91),
        ("strongly skewed", ROUNDS, 0.86),
        ("two states, 1 : 1", ROUNDS[5:], 0.92),
        ("two states, 7 : 3", ROUNDS[6:], 0.92),
    ],
)
def test_processes_that_few_rounds_describe_badly_are_covered_as_often_as_documented(kind, rounds, least):
    assert min(simulate_fixed(kind, 0.05, 0.01, rounds, trials=3000)) >= least


@pytest.mark.parametrize("rounds", [8, 20])
@pytest.mark.parametrize("between", [0.01, 0.02, 0.05])
@pytest.mark.parametrize("kind", ["normal", "heavy-tailed"])
def test_groups_that_stop_by_what_they_saw_keep_the_level_for_each_reason(kind, between, rounds):
    """A half of those that stopped at the first sight of a narrow interval missed the truth at a spread of 5 %."""
    found = simulate_stopping(kind, between, 0.01, stop_after(rounds), trials=GROUPS)
    assert min(found.held, found.speedup_held) >= 0.93
    for reason, share in found.reasons.items():
        if share * GROUPS >= LEAST:
            assert min(found.held_by[reason], found.speedup_held_by[reason]) >= 0.93, reason


@dataclass(eq=False)
class SimulatedGroup:
    """A group of one case, whose rounds are drawn in advance; it shows what `allocate_rounds` looks at."""

    medians: np.ndarray
    history: RoundHistory
    stop: str = ""

    def step(self, _save):
        self.history.add_round(1.0, disturbed=False)
        logs = self.medians[: len(self.history.half_widths) + 1]
        half = log_half_width(logs) if len(logs) >= MIN_ROUNDS else math.inf
        self.history.half_widths.append([math.sinh(half) if half < 1 else math.inf])
        return True

    def measurements(self):
        return ()

    def holds(self):
        logs = self.medians[: len(self.history.half_widths)]
        return abs(logs.mean()) <= log_half_width(logs, FRESH_ROUNDS if self.stop == "target" else 0)


def left_s(groups):
    """What a budget of eight rounds of a second for each group leaves."""
    return sum(8 - len(group.history.half_widths) for group in groups)


def test_groups_that_share_a_budget_keep_the_level_whatever_their_number_of_rounds():
    """If each round went to the widest interval, two of three of those left with four rounds would hold the truth."""
    random = np.random.default_rng(0)
    groups = []
    for _ in range(200):
        drawn = [SimulatedGroup(random.normal(0, 0.05, 20), RoundHistory(stop_after(20))) for _ in range(6)]
        allocate_rounds(drawn, partial(left_s, drawn), len, len)
        groups += drawn
    counts = np.array([len(group.history.half_widths) for group in groups])
    held = np.array([group.holds() for group in groups])
    assert held.mean() >= 0.93
    for few in set(counts.tolist()):
        if (counts <= few).sum() >= LEAST:
            assert held[counts <= few].mean() >= 0.93


@pytest.mark.extra
def test_the_tables_of_coverage(capsys):
    fixed = [
        (kind, f"{between:.0%}", f"{within:.0%}", *map(_percent, shares))
        for kind in KINDS
        for between in (0.01, 0.05, 0.2)
        for within in (0.01, 0.1)
        for shares in [simulate_fixed(kind, between, within, ROUNDS, trials=5000)]
    ]
    stopped = [
        (str(rounds), kind, f"{between:.0%}", *_describe(found))
        for rounds in (8, 20)
        for kind in KINDS
        for between in SPREADS
        for found in [simulate_stopping(kind, between, 0.01, stop_after(rounds), trials=4000)]
    ]
    text = render_table(("processes", "spread between", "within", *map(str, ROUNDS)), fixed)
    head = ("rounds at most", "processes", "spread between", "mean rounds", "latency", "speed-up", *REASONS)
    with capsys.disabled():
        sys.stdout.write(f"\n{text}\n\n{render_table(head, stopped)}\n")


def _describe(found):
    yield f"{found.rounds:.1f}"
    yield from map(_percent, (found.held, found.speedup_held))
    for reason in REASONS:
        if share := found.reasons.get(reason, 0.0):
            held = found.held_by[reason], found.speedup_held_by[reason]
            yield f"{_percent(share)}: {' / '.join(map(_percent, held))}"
        else:
            yield ""


def _percent(share):
    return f"{100 * share:.1f}"
