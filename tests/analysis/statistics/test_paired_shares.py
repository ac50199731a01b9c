"""The change of a paired share has the interval of the score test, and McNemar's test is exact."""

import math

import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.statistics.intervals import normal_quantile
from analysis.statistics.paired_shares import PairedHits, count_pairs, mcnemar_p, paired_change


def flags(both, only_original, only_converted, neither):
    """Original and converted of so many trials of each kind."""
    counts = (both, only_original, only_converted, neither)
    return np.repeat([True, True, False, False], counts), np.repeat([True, False, True, False], counts)


CELLS = st.tuples(*[st.integers(0, 60)] * 4).filter(any)


@pytest.mark.parametrize("trials", [1, 50, 1000])
def test_the_interval_has_a_width_where_both_agree_on_every_trial(trials):
    estimate = paired_change(*flags(trials, 0, 0, 0))
    bound = normal_quantile() ** 2 / (trials + normal_quantile() ** 2)
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((0, -bound, bound))
    assert estimate.method == "tango"


@given(CELLS)
@settings(max_examples=60, deadline=None)
def test_a_bound_is_where_the_score_statistic_reaches_the_quantile(cells):
    """The nuisance share is found here by maximising the likelihood, not by its formula."""
    estimate = paired_change(*flags(*cells))
    _, lost, gained, _ = cells
    trials = sum(cells)
    for bound in (estimate.low, estimate.high):
        if abs(bound) == 1:
            continue

        def against(lost_share, bound=bound):
            shares = (lost_share + bound, lost_share, 1 - 2 * lost_share - bound)
            return -sum(
                float(scipy.special.xlogy(n, max(p, 0)))
                for n, p in zip((gained, lost, trials - gained - lost), shares, strict=True)
            )

        span = (max(0.0, -bound), (1 - bound) / 2)
        share = scipy.optimize.minimize_scalar(against, bounds=span, method="bounded", options={"xatol": 1e-12}).x
        deviation = math.sqrt(trials * (2 * share + bound * (1 - bound)))
        assert abs(gained - lost - trials * bound) == pytest.approx(normal_quantile() * deviation, rel=1e-3, abs=1e-3)


@given(CELLS)
@settings(deadline=None)
def test_swapping_the_two_turns_the_change_around(cells):
    original, converted = flags(*cells)
    one, other = paired_change(original, converted), paired_change(converted, original)
    assert (one.value, one.low, one.high) == pytest.approx((-other.value, -other.high, -other.low), abs=1e-7)
    assert -1 <= one.low <= one.value <= one.high <= 1
    assert one.low < one.high
    assert mcnemar_p(original, converted) == mcnemar_p(converted, original)


@pytest.mark.parametrize(
    ("lost", "gained", "trials"), [(0.02, 0.01, 1000), (0.1, 0.1, 256), (0.045, 0.005, 256), (0.24, 0.06, 60)]
)
def test_the_interval_covers_the_change_as_often_as_it_should(lost, gained, trials):
    draws = np.random.default_rng(0).multinomial(trials, [1 - lost - gained, lost, gained], 1500)
    estimates = [paired_change(*flags(*draw, 0)) for draw in draws]
    held = np.mean([estimate.low <= gained - lost <= estimate.high for estimate in estimates])
    assert 0.93 < held < 0.98


def test_mcnemars_test_adds_up_the_binomial_tail():
    tail = sum(math.comb(14, count) for count in range(3)) / 2**14
    assert mcnemar_p(*flags(36, 12, 2, 0)) == pytest.approx(2 * tail)
    assert mcnemar_p(*flags(7, 0, 0, 3)) == 1
    assert mcnemar_p(*flags(0, 4, 4, 0)) == 1


def test_trials_are_counted_by_who_hit_them():
    pairs = count_pairs([True, True, False, False, False], [True, False, True, False, False])
    assert pairs == PairedHits(both=1, only_original=1, only_converted=1, neither=2)
    assert pairs.trials == 5
    with pytest.raises(ValueError, match="same trials"):
        count_pairs([True], [True, False])


def test_no_trials_have_no_interval_and_a_reason():
    estimate = paired_change([], [])
    assert math.isnan(estimate.value)
    assert estimate.reason == "no images"
