"""Outputs of any model as numbers, and the inputs that are fed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.preparing.reference import compute_reference
from bench.records.inputs import dump_inputs, load_inputs, name_input
from bench.records.outputs import flatten, list_tensors, measure_widths
from bench.workers.call_audit import SCALE, _renew
from rexnet_core.calibration import make_images, make_inputs


def test_tensors_are_found_in_tuples_lists_and_tables_in_their_order():
    one, two, three = (np.full(2, value) for value in (1, 2, 3))
    assert [array[0] for array in list_tensors((one, {"a": [two, "text", None]}, three))] == [1, 2, 3]
    assert list(list_tensors("text")) == []


@given(st.integers(1, 4), st.lists(st.lists(st.integers(0, 3), max_size=3), min_size=1, max_size=4))
def test_outputs_stand_side_by_side(batch, rests):
    outputs = [np.ones((batch, *rest), np.float64) for rest in rests]
    widths = measure_widths(outputs, batch)
    assert flatten(outputs, batch).shape == (batch, sum(widths))
    assert widths == [int(np.prod(rest)) for rest in rests]


def test_what_is_one_for_all_images_stands_beside_each():
    assert flatten([np.array(5), np.array([[1], [2], [3]])], 3).tolist() == [[5, 1], [5, 2], [5, 3]]


def test_inputs_come_back_in_their_order(tmp_path):
    inputs = tuple(np.full((2, 1, index + 1), index, "float32") for index in range(12))
    dump_inputs(tmp_path, inputs)
    assert [values.shape for values in load_inputs(tmp_path)] == [values.shape for values in inputs]
    assert name_input(0) == "images.npy"


@pytest.mark.parametrize("side", [1, 32, 33])
def test_a_square_image_is_fed_as_it_always_was(side):
    [images] = make_inputs([(3, side, side)], ["float32"], 4, 7)
    np.testing.assert_array_equal(images, make_images(4, side, 7))


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4).map(tuple), st.sampled_from(["float32", "uint8", "int8"]))
def test_inputs_have_their_shape_and_type_and_are_the_same_for_a_seed(shape, kind):
    one, other = (make_inputs([shape, (2,)], [kind, "float32"], 3, 1) for _ in range(2))
    assert [(values.shape, str(values.dtype)) for values in one] == [((3, *shape), kind), ((3, 2), "float32")]
    for first, second in zip(one, other, strict=True):
        np.testing.assert_array_equal(first, second)
        assert np.abs(first.astype(float)).max() < 1000


def test_whole_numbers_and_several_inputs_are_renewed_for_the_audit():
    values = np.arange(6, dtype=np.uint8).reshape(3, 1, 2)
    _renew(values, SCALE, 1)
    assert values.reshape(3, 2).tolist() == [[5, 4], [1, 0], [3, 2]]
    _renew(values, SCALE, 2)
    assert values.reshape(3, 2).tolist() == [[2 ^ 3, 3 ^ 3], [4 ^ 3, 5 ^ 3], [0 ^ 3, 1 ^ 3]]


def test_images_for_a_model_in_8_bits_only_change_places():
    values = np.arange(6, dtype=np.float32).reshape(3, 1, 2)
    _renew(values, 0.0, 1)
    assert values.reshape(3, 2).tolist() == [[4, 5], [0, 1], [2, 3]]


def test_our_own_models_are_called_once_for_each_batch_and_others_once_more():
    calls = []

    def call(inputs):
        calls.append(inputs)
        return [inputs[0] + inputs[1]]

    inputs = [np.ones((3, 2, 4), "float32")] * 2
    assert compute_reference(call, inputs, audit=False)[1] == [4]
    assert len(calls) == 3
    compute_reference(call, inputs, audit=True)
    assert len(calls) == 7
