"""Which training steps count as the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.records.case import Case
from bench.records.measurement import Effective
from bench.statistics.parity import find_mismatches
from bench.statistics.training_parity import compare_steps

RANDOM = np.random.default_rng(5)
FROZEN = RANDOM.standard_normal((3, 4, 20)).astype(np.float32)
CHANGE = 0.02 * RANDOM.standard_normal((3, 4, 20)).astype(np.float32) * np.array([0, 1, 2], np.float32)[:, None, None]
REFERENCE = FROZEN + CHANGE
CASE = Case(model="rexnet_1.0", resolution=64, batch=4, backend="eager", scenario="train")


def with_share(share):
    """The steps that a share of every update gives."""
    return FROZEN + np.float32(share) * CHANGE


def test_equal_steps_pass():
    parity = compare_steps(REFERENCE, FROZEN, REFERENCE.copy(), "fp32")
    assert (parity.passed, parity.inputs, parity.relative_error, parity.fault) == (True, 12, 0, "")


def test_an_error_that_an_inference_would_pass_does_not_hide_a_missing_update():
    assert np.abs(REFERENCE - FROZEN).max() < 0.1 * np.abs(REFERENCE).max()
    parity = compare_steps(REFERENCE, FROZEN, FROZEN, "fp32")
    assert not parity.passed
    assert parity.fault.startswith("no update: after the first step the outputs are those of the first weights")
    assert find_mismatches(CASE, Effective(), parity) == [parity.fault]


@pytest.mark.parametrize("share", [0.5, 2.0, -1.0])
def test_an_update_of_another_size_is_told_by_the_share_of_the_change(share):
    parity = compare_steps(REFERENCE, FROZEN, with_share(share), "fp32")
    assert parity.fault.startswith("another update: the first forward pass agrees, and from step 2 on")
    assert f"with {share:.0%} of the change found" in parity.fault


def test_another_first_forward_pass_is_named_with_its_numbers():
    wrong = REFERENCE[:, ::-1].copy()
    parity = compare_steps(REFERENCE, FROZEN, wrong, "fp32")
    assert not parity.passed
    assert parity.fault.startswith("the first forward pass of training differs: cosine ")


def test_outputs_that_are_no_numbers_never_pass():
    wrong = REFERENCE.copy()
    wrong[2, 0, 0] = np.nan
    parity = compare_steps(REFERENCE, FROZEN, wrong, "bf16")
    assert (parity.passed, parity.fault) == (False, "output has NaN or infinite values")


def test_the_rounding_of_bf16_passes_and_a_missing_update_does_not():
    strong = FROZEN + 30 * CHANGE
    noisy = strong + 0.05 * RANDOM.standard_normal(strong.shape).astype(np.float32)
    assert compare_steps(strong, FROZEN, noisy, "bf16").passed
    assert compare_steps(strong, FROZEN, FROZEN, "bf16").fault.startswith("no update")


def test_only_what_is_wrong_is_said():
    known = compare_steps(REFERENCE, FROZEN, REFERENCE, "fp32")
    assert find_mismatches(CASE, Effective(), known) == []
    assert find_mismatches(replace(CASE, scenario="latency"), Effective(), known) == []
