import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.rank import (
    CERTIFIED,
    NUMPY,
    PRODUCER,
    Spectrum,
    SpectrumStream,
    measure,
    numerical_rank,
    relative,
    spectrum_of,
)
from rexnet_core.errors import InputError

CENTRINGS = ("uncentred", "centred")


def features(rows=200, channels=24, rank=24, *, mean=0.0, seed=0):
    random = torch.Generator().manual_seed(seed)
    factors = [torch.randn(*shape, generator=random, dtype=torch.float64) for shape in ((rows, rank), (rank, channels))]
    return factors[0] @ factors[1] + mean


def stream_of(matrix, *, batch=None, **options):
    stream = SpectrumStream(matrix.shape[1], producer=matrix.dtype, **options)
    for rows in matrix.split(batch or len(matrix)):
        stream.add(rows)
    return stream


def assert_alike(one, other, tolerance=1e-12):
    for centring in CENTRINGS:
        first, second = one.values(centring), other.values(centring)
        assert np.abs(first - second).max() <= tolerance * first[0]


def ranks_of(spectrum):
    return [(row.centring, row.tolerance, row.value) for row in measure(spectrum) if row.metric == "rank"]


@pytest.mark.parametrize("mean", [0.0, 3.0, 1e3])
def test_streamed_spectra_are_those_of_the_whole_matrix(mean):
    y = features(rank=9, mean=mean)
    found = stream_of(y, batch=17, fold_rows=40).finish()
    centred = (y - y.mean(dim=0)).numpy()
    expected = np.linalg.svd(y.numpy(), compute_uv=False)
    assert np.abs(found.uncentred - expected).max() < 1e-12 * expected[0]
    # Taking a mean of 1000 out of a double leaves that much less of it.
    left = np.linalg.svd(centred, compute_uv=False)
    assert np.abs(found.centred - left).max() < 1e-12 * expected[0]
    assert np.allclose(found.mean, y.mean(dim=0))
    assert np.allclose(found.std, y.std(dim=0, correction=0))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 90), st.integers(1, 60), st.integers(0, 2**16))
def test_neither_batches_nor_order_nor_the_fold_change_anything(batch, fold_rows, seed):
    y = features(rank=7, seed=seed)
    shuffled = y[torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))]
    whole, parts = spectrum_of(y), stream_of(shuffled, batch=batch, fold_rows=fold_rows).finish()
    assert_alike(whole, parts)
    assert ranks_of(whole) == ranks_of(parts)


def test_streams_merge_to_the_stream_of_all_rows():
    y = features(rank=11)
    first, second = stream_of(y[:60], batch=13), stream_of(y[60:], batch=50)
    first.merge(second)
    merged = first.finish()
    assert merged.rows == len(y)
    assert_alike(spectrum_of(y), merged)
    assert np.allclose(merged.mean, y.mean(dim=0))


def test_an_empty_stream_merges_without_a_trace():
    y = features()
    stream = stream_of(y)
    stream.merge(SpectrumStream(24, producer=torch.float64))
    assert_alike(spectrum_of(y), stream.finish())


def test_streams_of_other_widths_do_not_merge():
    with pytest.raises(InputError, match="streams merge with equal channels and types"):
        SpectrumStream(4).merge(SpectrumStream(5))


def test_repeating_the_data_changes_no_rank_but_may_change_numpys():
    y = torch.relu(features(rows=256, channels=64, rank=4, seed=3)).float()
    once, often = spectrum_of(y), stream_of(y.repeat(64, 1)).finish()
    others = [PRODUCER, *map(relative, (0.1, 0.01, 1e-3))]
    for centring in CENTRINGS:
        for tolerance in others:
            assert numerical_rank(once, tolerance, centring).value == numerical_rank(often, tolerance, centring).value
    assert NUMPY.threshold(often, "uncentred") > 30 * NUMPY.threshold(once, "uncentred") * math.sqrt(64) / 8
    assert numerical_rank(often, NUMPY, "uncentred").value < numerical_rank(once, NUMPY, "uncentred").value


def test_scale_and_rotation_of_channels_change_no_rank():
    y = features(rank=10)
    turn = torch.linalg.qr(features(24, 24, seed=5)).Q
    for changed in (1e-30 * y, 1e20 * y, y @ turn):
        assert ranks_of(spectrum_of(changed)) == ranks_of(spectrum_of(y))


def test_single_precision_features_keep_the_rank_of_the_layer_that_made_them():
    torch.manual_seed(0)
    y = torch.randn(512, 13) @ torch.randn(13, 128)
    found = spectrum_of(y)
    assert numerical_rank(found, PRODUCER, "uncentred").value == 13
    assert numerical_rank(found, PRODUCER, "centred").value == 13
    # The same numbers called double precision have the rank of their rounding errors.
    assert numerical_rank(spectrum_of(y.double()), PRODUCER, "uncentred").value == 128


@pytest.mark.parametrize("producer", [torch.bfloat16, torch.float16])
def test_half_precision_is_widened_and_keeps_its_own_epsilon(producer):
    torch.manual_seed(0)
    y = (torch.randn(512, 13, dtype=torch.float64) @ torch.randn(13, 128, dtype=torch.float64)) / 4
    found = spectrum_of(y.to(producer), exact=y)
    assert found.producer == str(producer).removeprefix("torch.")
    assert numerical_rank(found, CERTIFIED, "uncentred").value == 13
    assert numerical_rank(found, PRODUCER, "uncentred").value <= 13
    assert found.noise == pytest.approx(float(torch.linalg.matrix_norm(y.to(producer).double() - y, ord=2)), rel=1e-9)


def test_a_large_mean_leaves_the_centred_rank_alone():
    y = (features(rows=400, channels=64, rank=20, seed=1) / 5 + 1e3).float()
    assert numerical_rank(spectrum_of(y), PRODUCER, "centred").value == 20


def test_noise_is_known_only_where_every_row_had_its_exact_twin():
    y = features()
    stream = SpectrumStream(24, producer=torch.float32)
    stream.add(y[:100].float(), exact=y[:100])
    assert stream.finish().noise is not None
    stream.add(y[100:].float())
    assert stream.finish().noise is None


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_leaves_no_number_but_a_flag(bad):
    y = features()
    y[3, 5] = bad
    found = spectrum_of(y)
    assert found.nonfinite_rows == 1
    assert all(math.isnan(row.value) and "non_finite" in row.flags for row in measure(found))


def test_a_zero_matrix_has_rank_zero_and_a_flag():
    found = spectrum_of(torch.zeros(50, 6))
    assert found.dead_channels == 6
    rows = measure(found)
    assert {row.value for row in rows if row.metric == "rank"} == {0}
    assert all("zero_matrix" in row.flags for row in rows)


def test_one_channel_has_rank_one_and_a_constant_one_none_when_centred():
    torch.manual_seed(0)
    varying, constant = spectrum_of(torch.randn(50, 1)), spectrum_of(torch.full((50, 1), 7.0))
    assert numerical_rank(varying, PRODUCER, "centred").value == 1
    assert numerical_rank(constant, PRODUCER, "uncentred").value == 1
    assert numerical_rank(constant, PRODUCER, "centred").value == 0
    assert constant.dead_channels == 1


def test_dead_and_duplicate_channels_are_counted():
    y = features(channels=6)
    y[:, 2] = 4.0
    y[:, 3] = -2 * y[:, 0] + 5
    found = spectrum_of(y)
    assert (found.dead_channels, found.duplicate_channels) == (1, 1)
    assert numerical_rank(found, PRODUCER, "centred").value == 4


def test_fewer_rows_than_channels_set_the_flag_and_cap_the_rank():
    found = spectrum_of(features(rows=10, channels=24))
    assert "sample_limited" in found.flags()
    assert numerical_rank(found, PRODUCER, "uncentred").value == 10
    assert numerical_rank(found, PRODUCER, "centred").value == 9
    assert "few_rows" in spectrum_of(features(rows=40, channels=24)).flags()
    assert spectrum_of(features(rows=96, channels=24)).flags() == ()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (torch.zeros(3), r"shape \(N, C\); got \(3,\)"),
        (torch.zeros(3, 0), "at least one channel"),
        (torch.zeros(0, 3), "at least one row"),
        (torch.zeros(3, 3, dtype=torch.int64), "floating point"),
        (torch.zeros(3, 3, dtype=torch.complex64), "floating point"),
    ],
)
def test_what_is_no_feature_matrix_is_refused_in_one_line(given, message):
    with pytest.raises(InputError, match=message):
        spectrum_of(given)


def test_rows_of_another_width_are_refused():
    with pytest.raises(InputError, match=r"shape \(n, 4\); got \(2, 5\)"):
        SpectrumStream(4).add(torch.zeros(2, 5))


def test_a_spectrum_survives_storage():
    spectrum = spectrum_of(features(rank=5).float())
    stored = Spectrum.from_dict(spectrum.as_dict())
    assert repr(measure(stored)) == repr(measure(spectrum))  # since Python 3.13 a record with a NaN equals no other


def test_the_stream_keeps_one_factor_however_many_rows_come():
    stream = SpectrumStream(8, fold_rows=16)
    for _ in range(100):
        stream.add(torch.randn(50, 8))
    assert stream._factor.shape == (9, 9)
    assert stream._waiting_rows < 16 + 50
