"""The two verdicts on reduced precision, and the reference across precisions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_up import CASE, make_measurement

from bench.records.measurement import Agreement, Effective, LayerRun
from bench.statistics.agreement import compare_images
from bench.statistics.fallback import find_fallback, int8_share
from bench.statistics.precision import NOT_WORTH, UNKNOWN, WORTH
from bench.statistics.result import summarise_run

PHOTOS = "256 others of photos"
GENERATED = "64 generated images"
OPENVINO = replace(CASE, backend="openvino")
INT8 = replace(OPENVINO, precision="int8", calibration="photos-1a2b3c4d")
RANDOM = np.random.default_rng(0)
PLAIN = np.exp(RANDOM.normal(0, 0.01, (6, 5, 7)))


def timed(case, ratio=1.0, **changes):
    """Six rounds, so many times as long as those of fp32."""
    return make_measurement(PLAIN * ratio * np.exp(RANDOM.normal(0, 0.002, (6, 5, 7))), case, **changes)


def agree(images=256, same=None, right=None, words=PHOTOS):
    """An agreement in which so many images keep their class, and so many are right in fp32 and after it."""
    same = images if same is None else same
    flags = {}
    if right is not None:
        before, after = right
        flags["reference_correct"] = tuple(index < before for index in range(images))
        flags["correct"] = tuple(index < after for index in range(images))
    return Agreement(
        images=words,
        cosines=(0.99,) * images,
        relative_errors=(0.1,) * images,
        same_top1=tuple(index < same for index in range(images)),
        **flags,
    )


def judge(ratio=0.5, agreement=None, weights="checkpoint", **changes):
    measured = timed(INT8, ratio, agreement=agreement, effective=Effective(details={"weights": weights}), **changes)
    return summarise_run([timed(OPENVINO), measured]).cases[1].precision


@pytest.mark.parametrize(
    ("ratio", "agreement", "weights", "verdict", "why"),
    [
        (0.5, agree(1000, right=(900, 900)), "checkpoint", WORTH, "times as fast as openvino in fp32; top-1 "),
        (0.5, agree(1000, right=(900, 850)), "checkpoint", NOT_WORTH, "top-1 -5.0"),
        (0.5, agree(100, right=(90, 89)), "checkpoint", UNKNOWN, "which may be a loss of more than 1%"),
        (1.5, agree(right=(230, 230)), "checkpoint", NOT_WORTH, "times as fast as openvino in fp32, which is slower"),
        (1.0, agree(right=(230, 230)), "checkpoint", NOT_WORTH, "times as fast as openvino in fp32, which is no gain"),
        (0.5, agree(1000), "checkpoint", WORTH, "the same top class on 100.0"),
        (0.5, agree(256, same=240), "checkpoint", UNKNOWN, "without labels"),
        (0.5, agree(64, words=GENERATED), "checkpoint", UNKNOWN, "add --calibration FOLDER"),
        (0.5, agree(64, words=GENERATED), "calibrated", UNKNOWN, "no accuracy to lose"),
        (0.5, None, "checkpoint", UNKNOWN, "no image was compared"),
    ],
)
def test_worth_it_needs_both_verdicts(ratio, agreement, weights, verdict, why):
    known = judge(ratio, agreement, weights)
    assert known.verdict == verdict
    assert why in known.sentence
    assert known.sentence.startswith("can't tell whether rexnet_1.0 " if verdict == UNKNOWN else "rexnet_1.0 ")


def test_what_computes_something_else_is_not_worth_its_speed():
    known = judge(0.5, agree(), status="mismatch", reason="asked for precision int8, got fp32")
    assert known.verdict == NOT_WORTH
    assert "asked for precision int8, got fp32" in known.sentence


def test_numbers_of_images_have_intervals_and_those_of_labels_a_p_value():
    known = judge(0.5, agree(right=(240, 230)))
    for estimate in (known.cosine, known.relative_error, known.top1_agreement, known.top1_change):
        assert estimate.low <= estimate.value <= estimate.high
    assert known.top1_change.value == pytest.approx(-10 / 256)
    assert known.top1_change_p == pytest.approx(2 / 2**10)
    assert (known.images, known.words, known.worst_error) == (256, PHOTOS, 0.1)


def test_bf16_that_is_slower_is_told_in_words():
    slow = timed(replace(OPENVINO, precision="bf16"), 1.3, agreement=agree(64, words=GENERATED))
    known = summarise_run([timed(OPENVINO), slow]).cases[1].precision
    assert known.verdict == NOT_WORTH
    assert known.sentence.startswith("rexnet_1.0 224 px batch 1 openvino bf16 is not worth it: ")
    assert "times as fast as openvino in fp32, which is slower" in known.sentence


def test_the_reference_is_eager_in_fp32_where_precisions_took_turns_and_else_of_the_same_precision():
    eager, rounded = timed(CASE, 4.0), timed(replace(CASE, precision="bf16"), 2.0)
    fast = timed(replace(OPENVINO, precision="bf16"))
    both = summarise_run([eager, rounded, fast]).cases[2]
    assert both.speedup.value == pytest.approx(4, rel=0.01)
    assert both.speedup_over == "eager"
    for apart in (
        summarise_run([eager, rounded, fast], precisions_meet=False).cases[2],
        summarise_run([rounded, fast]).cases[1],
    ):
        assert apart.speedup.value == pytest.approx(2, rel=0.01)
        assert apart.speedup_over == "eager bf16"


def test_runs_whose_precisions_did_not_meet_have_no_ratio_between_them():
    known = summarise_run([timed(OPENVINO), timed(INT8, 0.5)], precisions_meet=False).cases[1].precision
    assert np.isnan(known.speedup.value)
    assert known.verdict == UNKNOWN


LAYERS = (
    LayerRun(layer="stem", kind="Convolution", precision="fp32", macs=100, time_s=2e-3),
    LayerRun(layer="body", kind="Convolution", precision="int8", macs=800, time_s=1e-3, snr_db=20.0),
    LayerRun(layer="head", kind="MatMul", precision="int8", macs=100, time_s=3e-3, snr_db=10.0),
    LayerRun(layer="gate", kind="Convolution", precision="fp32", macs=0, time_s=4e-3),
)


def test_a_quantised_layer_that_ran_in_fp32_is_named_with_its_share():
    assert find_fallback(LAYERS, {"body", "head"}) == ""
    assert find_fallback(LAYERS, {"stem", "body"}) == (
        "1 quantised layers ran in fp32, with 10.0% of the multiply-adds: stem"
    )
    assert int8_share(LAYERS) == 0.9
    assert int8_share(()) is None


def test_layers_in_float_are_told_by_their_time_and_quantised_ones_by_their_noise():
    known = judge(0.5, agree(), layers=LAYERS)
    assert [layer.layer for layer in known.in_float] == ["gate", "stem"]
    assert [layer.layer for layer in known.noisiest] == ["head", "body"]
    assert known.int8_share == 0.9


def test_images_are_compared_one_by_one_without_those_that_fill_the_last_batch():
    reference = RANDOM.standard_normal((2, 4, 10)).astype(np.float32)
    logits = reference.copy()
    logits[0, 1] *= -1
    labels = reference.reshape(8, 10)[:7].argmax(axis=1)
    known = compare_images(reference, logits, words=PHOTOS, images=7, labels=labels)
    assert len(known.cosines) == len(known.relative_errors) == 7
    assert known.same_top1 == tuple(index != 1 for index in range(7)) == known.correct
    assert known.reference_correct == (True,) * 7
    assert known.cosines[1] == pytest.approx(-1)
    assert compare_images(reference, logits, words=PHOTOS, images=7).correct == ()
    logits[0, 0, 0] = np.nan
    assert compare_images(reference, logits, words=PHOTOS, images=7) is None
