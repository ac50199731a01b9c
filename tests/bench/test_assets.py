"""How many inputs a match gets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bench.assets import MIN_IMAGES, plan_batches


@given(st.integers(1, 4096), st.integers(32, 1024))
def test_there_is_always_a_batch_and_enough_images_where_they_fit(batch, side):
    batches = plan_batches(batch, side)
    assert batches >= 1
    if batch * 3 * side**2 * 4 * 8 <= 512 * 2**20:
        assert batches * batch >= MIN_IMAGES
        assert batches >= 2
