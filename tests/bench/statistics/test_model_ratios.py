"""A model over its rival, from made-up turns whose ratio is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.records.case import Case
from bench.records.measurement import Measurement, Round
from bench.statistics.model_ratios import model_ratios, read_model_pairs

MODEL = Case(model="rexnet_1.0", resolution=224, batch=1, backend="eager")
RIVALS = (("rexnet_1.0", "mobilenet_v2_1.0"),)


def measured(case, scale, status="ok"):
    """Six rounds under a drift that all share, each call `scale` times it."""
    drift = np.exp(np.random.default_rng(0).normal(0, 0.5, (6, 8, 1)))
    rounds = [
        Round(turns_s=tuple(map(tuple, one)), phases_s={}) for one in np.repeat(scale * drift, 3, axis=2).tolist()
    ]
    return Measurement(case=case, status=status, reason="" if status == "ok" else "boom", rounds=tuple(rounds))


def pair(ours, theirs=1.0, **changes):
    case = replace(MODEL, **changes)
    return [measured(case, ours), measured(replace(case, model="mobilenet_v2_1.0"), theirs)]


def test_the_ratio_is_the_rivals_time_over_the_models_whatever_drifts():
    [one] = model_ratios(pair(1.0, 1.4), RIVALS)
    assert (one.model.case.model, one.rival.case.model) == RIVALS[0]
    assert [one.found.speedup, one.found.low, one.found.high] == pytest.approx([1.4] * 3)
    assert one.found.pairs == 48
    assert (one.reason, one.native) == ("", True)


def test_each_backend_and_batch_is_compared_with_its_like():
    run = [*pair(1.0, 2.0), *pair(1.0, 3.0, backend="openvino"), *pair(1.0, 4.0, batch=64, device="cuda")]
    found = {(one.rival.case.backend, one.rival.case.batch): one.found.speedup for one in model_ratios(run, RIVALS)}
    assert found == pytest.approx({("eager", 1): 2.0, ("openvino", 1): 3.0, ("eager", 64): 4.0})


@pytest.mark.parametrize("status", ["mismatch", "failed"])
@pytest.mark.parametrize("place", [0, 1])
def test_what_is_not_ok_has_no_ratio_and_says_which(status, place):
    run = pair(1.0)
    run[place] = replace(run[place], status=status, reason="boom")
    [one] = model_ratios(run, RIVALS)
    assert one.found is None
    assert one.reason == f"{RIVALS[0][place]} is {status}: boom"


def test_turns_that_were_not_taken_together_are_no_ratio():
    run = pair(1.0)
    run[1] = replace(run[1], rounds=())
    [one] = model_ratios(run, RIVALS)
    assert (one.found, one.reason) == (None, "no turn was taken by both")


def test_one_round_has_a_ratio_without_interval():
    [one] = model_ratios([replace(part, rounds=part.rounds[:1]) for part in pair(1.0, 1.4)], RIVALS)
    assert one.found.speedup == pytest.approx(1.4)
    assert "one process round" in one.reason


def test_inputs_are_of_one_side_or_each_of_its_own():
    ours = [measured(replace(MODEL, resolution=side), 1.0) for side in (160, 224)]
    theirs = [measured(replace(MODEL, model="mobilenet_v2_1.0", resolution=side), 1.0) for side in (96, 160, 224)]
    sides = [(one.model.case.resolution, one.rival.case.resolution) for one in model_ratios([*ours, *theirs], RIVALS)]
    assert sides == [(160, 160), (224, 224)]


def test_several_rivals_are_each_divided_by_the_first():
    third = measured(replace(MODEL, model="rexnet_plain"), 0.5)
    found = model_ratios([*pair(1.0, 2.0), third], [("rexnet_1.0", "mobilenet_v2_1.0", "rexnet_plain")])
    assert [(one.rival.case.model, one.found.speedup) for one in found] == [
        ("mobilenet_v2_1.0", pytest.approx(2.0)),
        ("rexnet_plain", pytest.approx(0.5)),
    ]


def test_a_queue_of_requests_is_not_compared():
    assert model_ratios(pair(1.0, scenario="throughput"), RIVALS) == ()


def test_a_run_without_rivals_or_without_one_of_them_has_no_ratios():
    assert model_ratios(pair(1.0), ()) == ()
    assert model_ratios(pair(1.0)[:1], RIVALS) == ()


def test_a_model_that_is_not_known_any_more_is_compared_at_the_same_side():
    run = [measured(replace(MODEL, model=name), 1.0) for name in ("old_1", "old_2")]
    [one] = model_ratios(run, [("old_1", "old_2")])
    assert not one.native


def test_rivals_are_read_back_from_the_settings_of_a_run():
    assert read_model_pairs({"rivals": [["rexnet_1.0", "mobilenet_v2_1.0"]], "target": 0.02}) == RIVALS
    assert read_model_pairs({}) == ()
