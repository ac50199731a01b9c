from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.accuracy.intervals import wilson_interval


@pytest.mark.parametrize(
    ("hits", "images", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_it_gives_the_intervals_of_newcombe_1998_method_3(hits, images, low, high):
    assert wilson_interval(hits, images) == pytest.approx((low, high), abs=5e-5)


@given(images=st.integers(1, 60_000), share=st.floats(0, 1))
def test_it_holds_the_share_stays_in_range_and_mirrors(images, share):
    hits = round(images * share)
    low, high = wilson_interval(hits, images)
    assert 0 <= low <= hits / images <= high <= 1
    assert low < high
    assert wilson_interval(images - hits, images) == pytest.approx((1 - high, 1 - low))


def test_its_ends_solve_the_equation_of_the_score_test():
    """Where the share lies at the bound, the observed one is exactly 1.96 standard errors away."""
    for bound in wilson_interval(38_930, 50_000):
        error = (bound * (1 - bound) / 50_000) ** 0.5
        assert abs(0.7786 - bound) / error == pytest.approx(1.959964, abs=1e-6)
