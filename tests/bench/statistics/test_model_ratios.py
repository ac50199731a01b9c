"""A model over another, from made-up turns whose ratio is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from made_up import CASE, make_measurement

from bench.statistics.model_ratios import read_model_pairs
from bench.statistics.result import summarise_run

PAIRS = (("rexnet_1.0", "mobilenet_v2_1.0"),)


def measured(case, scale, status="ok"):
    """Six rounds under a drift that all share, each call `scale` times it."""
    drift = np.exp(np.random.default_rng(0).normal(0, 0.5, (6, 8, 1)))
    return make_measurement(np.repeat(scale * drift, 3, axis=2), case, status=status)


def model_ratios(measurements, groups):
    return summarise_run(measurements, groups).model_ratios


def pair(ours, theirs=1.0, **changes):
    case = replace(CASE, **changes)
    return [measured(case, ours), measured(replace(case, model="mobilenet_v2_1.0"), theirs)]


def test_the_ratio_is_the_others_time_over_the_models_whatever_drifts():
    [one] = model_ratios(pair(1.0, 1.4), PAIRS)
    assert (one.model.case.model, one.other.case.model) == PAIRS[0]
    assert [one.estimate.value, one.estimate.low, one.estimate.high] == pytest.approx([1.4] * 3)
    assert one.pairs == 48
    assert (one.estimate.reason, one.native) == ("", True)


def test_each_backend_and_batch_is_compared_with_its_like():
    run = [*pair(1.0, 2.0), *pair(1.0, 3.0, backend="openvino"), *pair(1.0, 4.0, batch=64, device="cuda")]
    found = {(one.other.case.backend, one.other.case.batch): one.estimate.value for one in model_ratios(run, PAIRS)}
    assert found == pytest.approx({("eager", 1): 2.0, ("openvino", 1): 3.0, ("eager", 64): 4.0})


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "mismatch", "reason": "boom"}, "{} is mismatch: boom"),
        ({"status": "failed", "reason": "boom"}, "{} is failed: boom"),
        ({"rounds": ()}, "no turn was taken by both"),
    ],
)
def test_a_pair_without_good_common_turns_has_no_ratio_and_says_why(place, changes, reason):
    run = pair(1.0)
    run[place] = replace(run[place], **changes)
    [one] = model_ratios(run, PAIRS)
    assert math.isnan(one.estimate.value)
    assert one.estimate.reason == reason.format(PAIRS[0][place])


def test_one_round_has_a_ratio_without_interval():
    [one] = model_ratios([replace(part, rounds=part.rounds[:1]) for part in pair(1.0, 1.4)], PAIRS)
    assert one.estimate.value == pytest.approx(1.4)
    assert one.estimate.reason.startswith("1 round is too few")


def test_inputs_are_of_one_side_or_each_of_its_own():
    ours = [measured(replace(CASE, resolution=side), 1.0) for side in (160, 224)]
    theirs = [measured(replace(CASE, model="mobilenet_v2_1.0", resolution=side), 1.0) for side in (96, 160, 224)]
    sides = [(one.model.case.resolution, one.other.case.resolution) for one in model_ratios([*ours, *theirs], PAIRS)]
    assert sides == [(160, 160), (224, 224)]


def test_several_models_are_each_divided_by_the_first():
    third = measured(replace(CASE, model="rexnet_plain"), 0.5)
    found = model_ratios([*pair(1.0, 2.0), third], [("rexnet_1.0", "mobilenet_v2_1.0", "rexnet_plain")])
    assert [(one.other.case.model, one.estimate.value) for one in found] == [
        ("mobilenet_v2_1.0", pytest.approx(2.0)),
        ("rexnet_plain", pytest.approx(0.5)),
    ]


@pytest.mark.parametrize(
    ("run", "pairs"), [(pair(1.0, scenario="throughput"), PAIRS), (pair(1.0), ()), (pair(1.0)[:1], PAIRS)]
)
def test_a_queue_and_a_run_without_pairs_or_one_of_a_pair_have_no_ratios(run, pairs):
    assert model_ratios(run, pairs) == ()


def test_a_model_that_is_not_known_any_more_is_compared_at_the_same_side():
    run = [measured(replace(CASE, model=name), 1.0) for name in ("old_1", "old_2")]
    [one] = model_ratios(run, [("old_1", "old_2")])
    assert not one.native


def test_model_pairs_are_read_back_from_the_settings_of_a_run():
    assert read_model_pairs({"rivals": [["rexnet_1.0", "mobilenet_v2_1.0"]], "target": 0.02}) == PAIRS
    assert read_model_pairs({}) == ()
