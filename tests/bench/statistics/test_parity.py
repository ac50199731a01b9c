"""What counts as the same function."""

from __future__ import annotations

import numpy as np
import pytest

from bench.records.case import Case
from bench.records.measurement import Effective
from bench.statistics.parity import compare, find_mismatches

REFERENCE = np.random.default_rng(3).standard_normal((2, 4, 50)).astype(np.float32)
CASE = Case(model="rexnet_1.0", resolution=64, batch=4, backend="eager", threads=2)
ASKED = Effective(precision="fp32", threads=2, streams=1, memory_format="contiguous", device="cpu")


def with_value(place, value):
    """The reference, but for the logits at a place."""
    changed = REFERENCE.copy()
    changed[place] = value
    return changed


def test_equal_logits_pass():
    parity = compare(REFERENCE, REFERENCE.copy(), "fp32")
    assert parity.passed
    assert (parity.inputs, parity.relative_error, parity.top1_agreement) == (8, 0, 1)
    assert parity.cosine == pytest.approx(1)


def test_error_is_relative_to_the_largest_logit():
    shifted = with_value((0, 0, 0), REFERENCE[0, 0, 0] + 0.5)
    assert compare(REFERENCE, shifted, "fp32").relative_error == pytest.approx(0.5 / np.abs(REFERENCE).max(), rel=1e-5)


def test_one_wrong_image_is_seen_among_right_ones():
    parity = compare(REFERENCE, with_value((1, 3), REFERENCE[1, 2]), "fp32")
    assert not parity.passed
    assert parity.cosine < 0.5
    assert parity.top1_agreement == pytest.approx(7 / 8)


@pytest.mark.parametrize(
    ("logits", "precision"),
    [(with_value((0, 0, 0), np.nan), "bf16"), (with_value((0, 0, 0), np.inf), "bf16"), (REFERENCE[..., :-1], "fp32")],
)
def test_logits_that_are_no_numbers_or_of_another_shape_never_pass(logits, precision):
    assert not compare(REFERENCE, logits, precision).passed


def test_bfloat16_rounding_passes_its_own_limits_and_not_those_of_fp32():
    bits = REFERENCE.view(np.uint32) & np.uint32(0xFFFF0000)
    rounded = bits.view(np.float32)
    assert compare(REFERENCE, rounded, "bf16").passed
    assert not compare(REFERENCE, rounded, "fp32").passed


@pytest.mark.parametrize(
    ("got", "mismatches"),
    [
        (ASKED, []),
        (Effective(memory_format="runtime"), []),  # what a runtime cannot report
        (
            Effective(precision="bf16", threads=1, memory_format="channels_last", device="cuda"),
            [
                "asked for precision fp32, got bf16",
                "asked for threads 2, got 1",
                "asked for memory format contiguous, got channels_last",
                "asked for device cpu, got cuda",
            ],
        ),
    ],
)
def test_each_deviation_is_named_with_both_values(got, mismatches):
    assert find_mismatches(CASE, got, compare(REFERENCE, REFERENCE, "fp32")) == mismatches
