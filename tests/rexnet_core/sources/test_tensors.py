"""Shapes as text, and the shapes in which inputs are fed."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rexnet_core.errors import InputError, UnsupportedModelError
from rexnet_core.sources.source import OpenedModel
from rexnet_core.sources.tensors import (
    TensorSpec,
    fix_shapes,
    make_image_spec,
    parse_shape,
    read_shapes,
    write_shapes,
)

shapes = st.lists(st.integers(1, 60), min_size=1, max_size=5).map(tuple)


@given(st.lists(shapes, min_size=1, max_size=4).map(tuple))
def test_written_shapes_are_read_back(some):
    assert read_shapes(write_shapes(some)) == some


@given(shapes, st.sampled_from(["1", "?", "-1", "64"]), st.sampled_from([",", ", ", "x"]))
def test_a_shape_is_read_without_its_batch(shape, batch, comma):
    assert parse_shape(comma.join([batch, *map(str, shape)])) == shape


@given(st.text(alphabet="0123456789,x-?. ²٣", max_size=30))
def test_any_text_is_a_shape_or_one_line(text):
    with contextlib.suppress(InputError):
        shape = parse_shape(text)
        assert shape
        assert all(size > 0 for size in shape)


@pytest.mark.parametrize(
    "text", ["", "1", "1,", "1,0", "1,-3", "a,3", "1,3.0", "1,99999999999", "1," * 10**4, "1,2" * 40]
)
def test_what_is_no_shape_is_refused(text):
    with pytest.raises(InputError, match="--input-shape takes the sizes of an input") as caught:
        parse_shape(text)
    assert len(str(caught.value)) < 200


@given(st.integers(1, 500), st.integers(1, 8))
def test_an_image_takes_the_side_and_the_channels_that_are_asked_for(side, channels):
    assert fix_shapes([make_image_spec(None)], resolution=side, channels=channels) == ((channels, side, side),)
    assert fix_shapes([make_image_spec(3, 5, 7)]) == ((3, 5, 7),)


def test_an_image_with_its_channels_last_keeps_them_there():
    spec = TensorSpec(name="x", shape=(None, None, None, 3), dtype="float32")
    assert fix_shapes([spec], resolution=32) == ((32, 32, 3),)


def test_what_can_not_be_fed_says_why():
    def spec(*shape, dtype="float32"):
        return TensorSpec(name="x", shape=shape, dtype=dtype)

    with pytest.raises(UnsupportedModelError, match="input 'x' has type int64, whose values only the model's author"):
        fix_shapes([spec(None, 3, dtype="int64")])
    with pytest.raises(UnsupportedModelError, match=r"the shape \(\?, \?\), of which a dimension is open; fix it with"):
        fix_shapes([spec(None, None)])
    with pytest.raises(UnsupportedModelError, match="the model has 1 inputs, --input-shape gives 2 shapes"):
        fix_shapes([spec(None, 3)], asked=[(3,), (4,)])
    with pytest.raises(UnsupportedModelError, match="the model has no input"):
        fix_shapes([])


def test_a_fixed_model_refuses_other_sizes():
    spec = TensorSpec(name="x", shape=(1, 3, 32, 32), dtype="float32")
    opened = OpenedModel(inputs=(spec,), fixed=True)
    opened.check_sizes([(3, 32, 32)], 1)
    opened.check_sizes([(3, 32, 32)])
    for shape, batch in (((3, 32, 32), 8), ((3, 64, 64), 1), ((3, 32), 1)):
        with pytest.raises(
            UnsupportedModelError, match=r"fixed shape \(1, 3, 32, 32\), asked for was .* export the model"
        ):
            opened.check_sizes([shape], batch)
    OpenedModel(inputs=(spec,)).check_sizes([(3, 64, 64)], 8)
