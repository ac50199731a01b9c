from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.rank import exact_rank, numerical_rank, spectrum_of
from analysis.rank.layers.exact import INTEGER_ACTIVATIONS, INTEGER_BLOCKS, compare_exactly, integer_features
from analysis.rank.spectra.tolerance import NUMPY
from rexnet_core.errors import InputError


def rational_rank(matrix):
    """By elimination over the rationals."""
    rows, rank = [[Fraction(int(value)) for value in row] for row in matrix], 0
    for column in range(matrix.shape[1]):
        pivot = next((place for place in range(rank, len(rows)) if rows[place][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        for place in range(rank + 1, len(rows)):
            factor = rows[place][column] / rows[rank][column]
            rows[place] = [own - factor * top for own, top in zip(rows[place], rows[rank], strict=True)]
        rank += 1
    return rank


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 5), st.integers(0, 2**16))
def test_the_rank_modulo_a_prime_is_that_over_the_rationals(rows, columns, inner, seed):
    random = np.random.default_rng(seed)
    matrix = random.integers(-4, 5, (rows, inner)) @ random.integers(-4, 5, (inner, columns))
    assert exact_rank(matrix) == rational_rank(matrix)


def test_large_entries_do_not_overflow():
    random = np.random.default_rng(0)
    left, right = random.integers(-(2**30), 2**30, (40, 6)), random.integers(-2, 3, (6, 50))
    assert exact_rank(left @ right) == 6


@pytest.mark.parametrize("bad", [np.zeros((2, 2)), np.zeros(3, int), np.array([["a"]])])
def test_what_is_no_integer_matrix_is_refused(bad):
    with pytest.raises(InputError, match="matrix of integers"):
        exact_rank(bad)


@pytest.mark.parametrize("block", INTEGER_BLOCKS)
@pytest.mark.parametrize("activation", INTEGER_ACTIVATIONS)
def test_double_precision_counts_what_is_exact(block, activation):
    for ratio in (0.1, 0.3, 1.0):
        features = integer_features(block, activation, ratio, number=2)
        found = spectrum_of(torch.from_numpy(features).double())
        assert numerical_rank(found, NUMPY, "uncentred").value == exact_rank(features)


def test_hardswish_of_small_inputs_is_a_quadratic_and_has_its_rank():
    random = np.random.default_rng(0)
    z = random.integers(-9, 10, (400, 6)) @ random.integers(-9, 10, (6, 48))
    # Far inside the range in which it is z (z + 3 s): degrees 1 and 2 in 6 variables, without the constant.
    assert exact_rank(z * (z + 30_000)) == 6 * 9 // 2


def test_activations_that_leave_the_integers_are_left_out():
    rows = compare_exactly(blocks=["conv1x1"], activations=["SiLU", "ReLU"], ratios=[0.5], networks=2)
    assert [row["activation"] for row in rows] == ["ReLU"]
    assert rows[0]["exact"] == rows[0]["float64"] == 1
