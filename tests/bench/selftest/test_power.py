"""On made-up machines whose noise is known, the self-test reports their error rates and detectable effect."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.statistics.intervals import student_quantile
from bench.records.pair import Pair
from bench.selftest.other_protocols import evaluate_protocols
from bench.selftest.pairs import LEVELS
from bench.selftest.power import detectable_effect, evaluate, pair_logs

MARGIN = 0.03


def make_logs(random, pairs, spread, *, within=0.002):
    """Log-ratios of pairs whose processes differ by `spread`: one draw per pair, and a little of each level's own."""
    between = random.normal(0, spread, (pairs, 1))
    return between + np.log1p(LEVELS) + random.normal(0, within, (pairs, len(LEVELS)))


def make_pairs(seed, count, *, spread=0.02, drift=0.1):
    """Pairs with all that machines do: processes that differ, a drift that all share, and calls that hang together."""
    random = np.random.default_rng(seed)
    weather = np.cumsum(random.normal(0, drift, (count, 8)), axis=1) + np.cumsum(
        random.normal(0, drift, (count, 1)), axis=0
    )
    pairs = []
    for storm in weather:
        lies = random.normal(0, spread / math.sqrt(2), 2)

        def calls(place, level, storm=storm, lies=lies):
            logs = storm[:, None] + lies[place] + math.log1p(level) + random.normal(0, 0.01, (8, 4))
            return tuple(map(tuple, np.exp(logs)))

        base, head = tuple(calls(0, 0.0) for _ in LEVELS), tuple(calls(1, level) for level in LEVELS)
        pairs.append(Pair(base_s=base, head_s=head, machine={}))
    return pairs


def test_false_positives_are_at_most_the_level_on_average_over_machines():
    random = np.random.default_rng(0)
    rates = [evaluate(make_logs(random, 24, 0.02), LEVELS, 6, MARGIN).rates[0].significant for _ in range(12)]
    assert 0.03 < np.mean(rates) <= 0.055


@pytest.mark.parametrize("tails", [3, 10])
def test_heavy_tails_make_fewer_false_positives_not_more(tails):
    random = np.random.default_rng(1)
    logs = 0.01 * random.standard_t(tails, (40, 1)) + np.log1p(LEVELS)
    assert evaluate(logs, LEVELS, 8, MARGIN).rates[0].significant <= 0.055


def test_a_slow_down_at_the_detectable_effect_is_found_in_95_percent():
    random = np.random.default_rng(2)
    for rounds in (3, 6, 10):
        spread = 0.01
        effect = detectable_effect(spread, rounds)
        logs = random.normal(math.log1p(effect), spread, (20_000, rounds))
        errors = logs.std(axis=1, ddof=1) / math.sqrt(rounds)
        found = np.mean(logs.mean(axis=1) > student_quantile(rounds - 1) * errors)
        assert 0.94 < found < 0.96


def test_the_detectable_effect_is_that_of_the_spread_and_its_bound_lies_above():
    random = np.random.default_rng(3)
    found = [evaluate(make_logs(random, 20, 0.01), LEVELS, 10, MARGIN) for _ in range(20)]
    assert np.median([one.detectable for one in found]) == pytest.approx(detectable_effect(0.0102, 10), rel=0.1)
    assert np.mean([one.detectable_high > detectable_effect(0.0102, 10) for one in found]) >= 0.8


def test_what_is_seen_agrees_with_the_detectable_effect():
    found = evaluate(make_logs(np.random.default_rng(4), 60, 0.01, within=0.0), LEVELS, 10, MARGIN)
    assert found.detectable == pytest.approx(0.0136, rel=0.25)
    assert found.seen == 0.02
    assert [rate.significant for rate in found.rates[1:]] == sorted(rate.significant for rate in found.rates[1:])
    assert found.rates[-1].significant == 1
    assert found.added == pytest.approx(LEVELS)


def test_the_margin_keeps_small_false_positives_from_being_verdicts():
    found = evaluate(make_logs(np.random.default_rng(5), 60, 0.01), LEVELS, 10, MARGIN)
    assert found.rates[0].verdicts == 0
    assert found.rates[-1].verdicts > 0.99


def test_exchanging_the_builds_keeps_what_a_level_added():
    """A coin said which process is the base, so all pairs the other way round must tell the same."""
    added = np.log1p(LEVELS)
    logs = make_logs(np.random.default_rng(9), 40, 0.02) + 0.01
    one, other = (evaluate(both, LEVELS, 8, MARGIN) for both in (logs, 2 * added - logs))
    assert [rate.significant for rate in one.rates] == pytest.approx(
        [rate.significant for rate in other.rates], abs=0.03
    )
    assert 0.1 < one.rates[3].significant < 0.99


def test_the_error_of_a_rate_is_what_the_rate_differs_by_from_one_set_of_pairs_to_another():
    random = np.random.default_rng(10)
    found = [evaluate(make_logs(random, 40, 0.015)[:, [0, 2]], (0.0, 0.01), 8, MARGIN).rates for _ in range(12)]
    for level in (0, 1):
        differ = np.std([rates[level].significant for rates in found], ddof=1)
        # The trials are finitely many, which adds half a percent.
        assert 0.5 * differ < np.median([rates[level].error for rates in found]) < 2 * differ + 0.008


def test_few_pairs_have_an_effect_and_no_rates_or_table_and_no_overflow():
    few = evaluate(make_logs(np.random.default_rng(6), 3, 0.01), LEVELS, 6, MARGIN)
    assert math.isnan(few.rates[0].significant)
    assert few.detectable > 0
    assert (few.disjoint, few.disjoint_significant) == (0, 0)
    assert math.isfinite(detectable_effect(1e6, 2))
    assert evaluate_protocols(make_pairs(9, 7), LEVELS, 8) == []


def test_drift_that_both_builds_share_is_not_in_a_pair():
    logs = np.array([pair_logs(pair) for pair in make_pairs(7, 30, spread=0.0, drift=0.2)])
    assert np.abs(logs - np.log1p(LEVELS)).max() < 0.02


def test_timing_one_after_the_other_has_false_positives_where_turns_have_not():
    rows = {(protocol.order, protocol.test): protocol for protocol in evaluate_protocols(make_pairs(8, 32), LEVELS, 8)}
    assert {protocol.rounds for protocol in rows.values()} == {8}
    assert rows["A, then B", "Welch's t over calls"].false_alarms > 0.5
    assert rows["A, then B", "Mann-Whitney over calls"].false_alarms > 0.5
    ours = rows["in turns", "Student's t over rounds, paired by turn"]
    assert ours.false_alarms < 0.08
    assert ours.found[-1] > 0.95
