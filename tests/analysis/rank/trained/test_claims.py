"""Verdicts on made-up runs, and the statistics they rest on."""

import math
from dataclasses import replace

import numpy as np
import pytest

from analysis.rank.trained import TrainedSetting
from analysis.rank.trained.claims import compare, judge_claims, mean_over_seeds
from analysis.rank.trained.networks import plan_networks
from analysis.rank.trained.run import METRICS, Run
from analysis.statistics.estimates import Estimate
from analysis.statistics.intervals import student_quantile

NETWORKS = plan_networks(TrainedSetting())
STEPS = ("baseline", "dr_conv", "dr_block", "silu")
SEEDS = 8


def make_runs(accuracies, norms=None):
    """Runs whose metrics have the given means and a spread of 0.01 over seeds, the same for all networks."""
    noise = np.random.default_rng(0).normal(0, 0.01, (SEEDS, 2))
    runs = {}
    for network in NETWORKS:
        for seed in range(SEEDS):
            own = np.random.default_rng([seed, len(runs)]).normal(0, 0.001, 2)
            accuracy = accuracies.get(network.name, 0.5) + noise[seed, 0] + own[0]
            norm = (norms or accuracies).get(network.name, 0.5) + noise[seed, 1] + own[1]
            values = {name: accuracy if name == "accuracy" else norm for name in METRICS}
            run = Run(
                network=network.name, group=network.group, seed=seed, params=1, macs=1, status="ok", epochs=1, **values
            )
            runs[run.key] = run
    return runs


def verdicts(runs):
    return {claim["claim"]: claim["verdict"] for claim in judge_claims(NETWORKS, runs)}


RISING = {"baseline": 0.1, "dr_conv": 0.2, "dr_block": 0.3, "silu": 0.4, "worst": 0.5, "best": 0.6}
FALLING = {name: 1 - value for name, value in RISING.items()}


def test_what_rises_everywhere_holds():
    assert verdicts(make_runs(RISING)) == {"C12": "holds", "C15": "holds", "C17": "holds"}


def test_what_falls_everywhere_fails():
    assert verdicts(make_runs(FALLING, RISING)) == {"C12": "fails", "C15": "fails", "C17": "fails"}


def test_what_stays_the_same_cannot_be_told():
    assert verdicts(make_runs(dict.fromkeys(RISING, 0.5)))["C15"] == "can't be told"


def test_one_step_that_lowers_one_metric_makes_the_steps_fail():
    assert verdicts(make_runs(RISING, RISING | {"silu": 0.25}))["C12"] == "fails"


def runs_whose_last_step_changes(changes):
    """Runs that rise from step to step, but for the nuclear norm of the last step, which changes as given by seed."""
    runs = make_runs(RISING)
    for seed, change in enumerate(changes):
        runs["silu", seed] = replace(runs["silu", seed], nuclear_norm=runs["dr_block", seed].nuclear_norm + change)
    return runs


@pytest.mark.parametrize(("distance", "verdict"), [(1.1, "can't be told"), (1.6, "fails")])
def test_one_of_six_fails_the_steps_only_beyond_the_interval_that_all_six_share(distance, verdict):
    wave = np.tile([1.0, -1.0], SEEDS // 2)
    half = student_quantile(SEEDS - 1) * wave.std(ddof=1) / math.sqrt(SEEDS)
    runs = runs_whose_last_step_changes(wave - distance * half)
    assert compare(runs, "dr_block", "silu", "nuclear_norm")["high"] < 0
    [claim] = [one for one in judge_claims(NETWORKS, runs) if one["claim"] == "C12"]
    assert claim["verdict"] == verdict
    assert "99.17 % (1 - 5 % / 6, Bonferroni" in claim["rule"]
    assert ("at 99.17 %, dr_block to silu, nuclear norm" in claim["detail"]) == (verdict == "fails")


def test_without_any_effect_the_steps_fail_by_chance_in_few_of_many_studies():
    names = [network.name for network in NETWORKS if network.group == "table2"]
    networks = [network for network in NETWORKS if network.group == "table2"]
    rng = np.random.default_rng(3)
    failed, studies = 0, 200
    for _ in range(studies):
        values = rng.normal(size=(len(names), SEEDS, 2))
        runs = {
            (name, seed): Run(
                network=name,
                group="table2",
                seed=seed,
                params=1,
                macs=1,
                status="ok",
                epochs=1,
                accuracy=values[place, seed, 0],
                nuclear_norm=values[place, seed, 1],
            )
            for place, name in enumerate(names)
            for seed in range(SEEDS)
        }
        failed += judge_claims(networks, runs)[0]["verdict"] == "fails"
    assert failed <= 0.05 * studies


def test_the_correlation_fails_at_the_coverage_that_the_groups_share():
    both = make_runs(FALLING, RISING)
    alone = [network for network in NETWORKS if network.group == "table2"]
    assert "97.5 % (1 - 5 % / 2" in judge_claims(NETWORKS, both)[-1]["rule"]
    assert "95 % (1 - 5 % / 1" in judge_claims(alone, both)[-1]["rule"]


def test_one_step_without_a_difference_cannot_be_told():
    assert verdicts(make_runs(RISING | {"silu": 0.3001}, RISING))["C12"] == "can't be told"


def test_the_verdict_needs_more_than_one_seed():
    alone = {key: run for key, run in make_runs(RISING).items() if key[1] == 0}
    assert set(verdicts(alone).values()) == {"can't be told"}


def test_pairing_removes_what_seeds_share():
    runs = make_runs(RISING)
    pair = compare(runs, "worst", "best", "accuracy")
    unpaired = mean_over_seeds([runs["best", seed].accuracy for seed in range(SEEDS)])
    assert pair["high"] - pair["low"] < (unpaired.high - unpaired.low) / 3
    assert (pair["seeds"], pair["wins"]) == (SEEDS, SEEDS)


def test_a_failed_run_takes_its_seed_out_of_the_pair():
    runs = make_runs(RISING)
    runs["best", 3] = Run(network="best", group="table3a", seed=3, params=1, macs=1, status="failed", epochs=0)
    assert compare(runs, "worst", "best", "accuracy")["seeds"] == SEEDS - 1


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 1.0]])
def test_without_spread_there_is_no_interval(values):
    found = mean_over_seeds(values)
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_what_has_no_interval_is_told_so_and_never_as_nan():
    from analysis.rank.trained.claims import _describe  # noqa: PLC0415

    assert _describe(Estimate(value=0.5)) == "+0.5 [no interval]"
    assert _describe(Estimate()) == "no value"
    assert _describe(Estimate(value=0.5, low=0.25, high=0.75)) == "+0.5 [+0.25, +0.75]"
