import math

import numpy as np
import pytest
import torch

from analysis.rank import METRICS, PRODUCER, measure, numerical_rank, rank_curve, relative, spectrum_of
from analysis.rank.spectra import formulas
from analysis.rank.spectra.tolerance import CERTIFIED, NUMPY, parse_tolerance
from rexnet_core.errors import InputError

EQUAL = np.array([3.0] * 5)
PADDED = np.array([3.0] * 5 + [0.0] * 7)


@pytest.fixture(scope="module")
def relu_layer():
    """A ReLU layer of 13 to 128 channels."""
    random = torch.Generator().manual_seed(7)
    w = torch.randn(128, 13, generator=random, dtype=torch.float64)
    x = torch.randn(512, 13, generator=random, dtype=torch.float64)
    return torch.relu(x @ w.T)


@pytest.mark.parametrize(
    "name", ["effective_rank", "vn_rank", "stable_rank", "participation_ratio", "nuclear_over_largest"]
)
@pytest.mark.parametrize("s", [EQUAL, PADDED])
def test_k_equal_values_count_as_k_with_or_without_zeros_after_them(name, s):
    assert METRICS[name].compute(s, 100) == pytest.approx(5, rel=1e-12)


def test_measures_do_not_depend_on_the_unit_but_norms_do():
    s = np.array([5.0, 3.0, 1.0, 0.5])
    for metric in METRICS.values():
        one, other = metric.compute(s, 50), metric.compute(1e150 * s, 50)
        if metric.name in {"nuclear_norm", "nuclear_norm_per_root_row"}:
            assert other == pytest.approx(1e150 * one)
        elif metric.name not in {"alpha", "alpha_r2"}:
            assert other == pytest.approx(one)


def test_measures_of_a_stack_are_those_of_its_parts():
    stack = np.sort(np.random.default_rng(0).uniform(0.1, 1, (3, 40)))[:, ::-1]
    for metric in METRICS.values():
        together = metric.compute(stack, 90)
        apart = [float(metric.compute(one, 90)) for one in stack]
        assert np.allclose(together, apart, equal_nan=True), metric.name


@pytest.mark.parametrize("percent", [90, 95, 99])
def test_the_directions_of_k_reach_their_share_and_one_less_does_not(relu_layer, percent):
    s = spectrum_of(relu_layer).centred
    k = int(METRICS[f"k{percent}"].compute(s, 512))
    shares = np.cumsum(s**2) / (s**2).sum()
    assert shares[k - 1] >= percent / 100 > shares[k - 2]


def test_effective_rank_ranks_the_variants_as_published(relu_layer):
    values = {(row.metric, row.centring): row.value for row in measure(spectrum_of(relu_layer))}
    roy, rankme = values["effective_rank", "uncentred"], values["rankme", "uncentred"]
    assert rankme == pytest.approx(roy, rel=1e-3)
    assert rankme > roy  # the added 1e-7 is entropy, too
    # sigma squared and centring make different numbers of the same matrix: never compare across names.
    assert 2 < roy / values["vn_rank", "centred"] < 3
    assert values["effective_rank", "centred"] > roy


def test_the_corrected_participation_ratio_does_not_depend_on_the_sample():
    random = torch.Generator().manual_seed(0)
    naive, corrected = [], []
    for rows in (128, 512, 2048):
        s = spectrum_of(torch.randn(rows, 256, generator=random, dtype=torch.float64)).centred
        naive.append(float(METRICS["participation_ratio"].compute(s, rows)))
        corrected.append(float(METRICS["participation_ratio_corrected"].compute(s, rows)))
    assert naive == pytest.approx([85, 170, 228], rel=0.03)
    assert corrected == pytest.approx([256] * 3, rel=0.03)


def test_the_corrected_ratio_is_missing_where_it_cannot_be_estimated():
    assert math.isnan(formulas.participation_ratio_corrected(np.array([1.0, 0.0]), 2))


def test_alpha_recovers_a_power_law():
    s = np.arange(1, 201) ** -0.75
    assert METRICS["alpha"].compute(s, 1000) == pytest.approx(1.5)
    assert METRICS["alpha_r2"].compute(s, 1000) == pytest.approx(1)
    assert math.isnan(METRICS["alpha"].compute(s[:8], 1000))


def test_saturation_is_k99_of_the_centred_features_over_their_width(relu_layer):
    rows = measure(spectrum_of(relu_layer))
    [saturation] = [row for row in rows if row.metric == "saturation"]
    [k99] = [row for row in rows if (row.metric, row.centring) == ("k99", "centred")]
    assert saturation.centring == "centred"
    assert saturation.value == k99.value / 128


def test_a_rank_comes_with_its_gap_and_margin():
    y = torch.diag(torch.tensor([8.0, 4.0, 2.0, 1e-9, 1e-10], dtype=torch.float64)).repeat(4, 1)
    row = numerical_rank(spectrum_of(y), relative(1e-3), "uncentred")
    assert row.value == 3
    assert row.gap == pytest.approx(2e9)
    assert row.margin == pytest.approx(2 / 8e-3)
    assert "no_gap" not in row.flags
    assert "tolerance_dominated" not in row.flags


def test_a_cut_through_a_smooth_spectrum_is_flagged(relu_layer):
    row = numerical_rank(spectrum_of(relu_layer), relative(0.03), "uncentred")
    assert {"no_gap", "tolerance_dominated"} <= set(row.flags)


def test_the_curve_counts_what_each_tolerance_leaves(relu_layer):
    found = spectrum_of(relu_layer)
    tolerances, ranks = rank_curve(found, "uncentred")
    assert (np.diff(ranks) <= 0).all()
    assert ranks[0] == 128
    assert ranks[-1] == 0
    for tolerance, rank in list(zip(tolerances, ranks, strict=True))[:-1:10]:
        assert numerical_rank(found, relative(tolerance), "uncentred").value == rank


def test_rounding_tolerances_scale_with_the_uncentred_spectrum():
    found = spectrum_of(torch.randn(300, 8, generator=torch.Generator().manual_seed(0)) + 100)
    assert PRODUCER.threshold(found, "centred") == PRODUCER.threshold(found, "uncentred")
    assert NUMPY.threshold(found, "centred") < NUMPY.threshold(found, "uncentred")
    assert math.isnan(CERTIFIED.threshold(found, "centred"))


@pytest.mark.parametrize("name", ["producer", "certified", "numpy", "rel:0.01", "rel:1e-06"])
def test_a_tolerance_is_found_by_its_name(name):
    assert parse_tolerance(name).name == name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nump", "did you mean 'numpy'"),
        ("rel:x", "written such as rel:0.01"),
        ("rel:2", "from 0 to below 1"),
        ("rel:nan", "below 1"),
    ],
)
def test_a_tolerance_that_is_none_is_refused(name, message):
    with pytest.raises(InputError, match=message):
        parse_tolerance(name)


def test_every_metric_names_its_formula_and_source():
    assert all(metric.formula and metric.source for metric in METRICS.values())
