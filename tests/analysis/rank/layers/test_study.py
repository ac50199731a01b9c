from dataclasses import replace

import numpy as np
import pytest
import torch

from analysis.parallel import map_in_process, open_parallel_map
from analysis.rank import numerical_rank, spectrum_of
from analysis.rank.layers.columns import Column, columns_of
from analysis.rank.layers.networks import Block, draw_network
from analysis.rank.layers.setting import LayerSetting
from analysis.rank.layers.study import run_layers
from analysis.rank.spectra.batched import by_qr, singular_values
from analysis.rank.spectra.tolerance import parse_tolerance

SMALL = LayerSetting(
    ratios=(0.1, 0.5, 1.0), d_out=(10, 24), networks=12, activations=("Linear", "ReLU6", "ReLU", "SiLU")
)


@pytest.fixture(scope="module")
def sample():
    return run_layers(SMALL)


def test_every_number_is_that_of_the_plain_way(sample):
    """One matrix at a time through `spectrum_of` and `numerical_rank`."""
    for block in SMALL.blocks:
        for number in (0, 7):
            features = Block(block, SMALL, draw_network(SMALL, number)).features(0.5)
            for place, matrix in enumerate(features):
                spectrum = spectrum_of(matrix)
                for centring in SMALL.centrings:
                    for name in SMALL.tolerances:
                        ours = sample.column(block, "rank", centring, name)[number, 1, place]
                        expected = numerical_rank(spectrum, parse_tolerance(name), centring).value_per_channel
                        assert ours == expected


def test_numpy_counts_the_same_integers(sample):
    for block in SMALL.blocks:
        for number in range(sample.networks):
            for position, ratio in enumerate(SMALL.ratios):
                features = Block(block, SMALL, draw_network(SMALL, number)).features(ratio).double().numpy()
                eps = np.finfo(np.float32).eps * max(features.shape[1:])
                expected = [np.linalg.matrix_rank(one, rtol=eps) / one.shape[1] for one in features]
                assert sample.column(block, "rank", "uncentred", "numpy")[number, position].tolist() == expected


def test_the_answer_does_not_depend_on_who_computes_it(sample):
    with open_parallel_map(2) as parallel_map:
        again = run_layers(SMALL, parallel_map)
    for block in SMALL.blocks:
        assert np.array_equal(sample.values[block], again.values[block])


def test_more_networks_keep_the_first_ones(sample):
    more = run_layers(replace(SMALL, networks=15, blocks=("conv1x1",)))
    assert np.array_equal(more.values["conv1x1"][:12], sample.values["conv1x1"])


def test_it_stops_at_the_target(sample):
    blocks = ("inverted_bottleneck_conv3x3",)
    asked = replace(SMALL, blocks=blocks, networks=150, least_networks=50, target_se=0.5)
    found = run_layers(asked)
    assert (found.networks, found.stopped_by) == (50, "target_se")
    assert (sample.networks, sample.stopped_by) == (12, "networks")


class _Interrupted:
    """Ctrl-C in the second wave."""

    def __init__(self):
        self.waves = 0

    def __call__(self, call, tasks):
        self.waves += 1
        if self.waves > 1:
            raise KeyboardInterrupt
        return map_in_process(call, tasks)


def test_an_interrupted_study_keeps_its_finished_networks():
    found = run_layers(replace(SMALL, networks=80, blocks=("conv1x1",)), _Interrupted())
    assert (found.networks, found.stopped_by) == (50, "interrupted")


def test_a_study_interrupted_before_anything_is_finished_passes_it_on():
    interrupted = _Interrupted()
    interrupted.waves = 1
    with pytest.raises(KeyboardInterrupt):
        run_layers(SMALL, interrupted)


def test_progress_counts_up_to_all_chunks():
    told = []
    run_layers(replace(SMALL, blocks=("conv1x1", "conv3x3")), progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 12) for done in range(1, 13)]


def test_columns_name_every_number_once():
    columns = columns_of(SMALL)
    assert len(set(columns)) == len(columns)
    assert Column("rank", "uncentred", "numpy") in columns
    assert Column("dead_channels") in columns


def test_dead_channels_of_positive_inputs_are_relus():
    setting = replace(
        SMALL, inputs="uniform", norm="none", blocks=("conv1x1",), d_out=(60, 60), ratios=(0.1,), networks=4
    )
    dead = run_layers(setting).column("conv1x1", "dead_channels").mean(axis=0)[0]
    linear, relu6, relu, silu = dead
    assert linear == silu == 0
    assert relu == relu6 > 0.02


def doubtful_stack():
    """Matrices of full rank, of low rank, with a large mean, of zeros, and with a value right at a tolerance."""
    random = torch.Generator().manual_seed(0)
    full = torch.randn(60, 12, generator=random, dtype=torch.float64)
    low = torch.randn(60, 4, generator=random, dtype=torch.float64) @ torch.randn(
        4, 12, generator=random, dtype=torch.float64
    )
    left, _, right = torch.linalg.svd(full, full_matrices=False)
    edge = left @ torch.diag(torch.logspace(0, -11, 12, dtype=torch.float64)) @ right
    return torch.stack([full, low, full + 1e4, torch.zeros_like(full), edge])


@pytest.mark.parametrize("eps", [2.0**-52, 2.0**-23])
def test_the_fast_path_counts_what_the_exact_path_counts(eps):
    y = doubtful_stack()
    tolerances = [
        parse_tolerance(name) for name in ("numpy", "producer", "rel:0.1", "rel:0.001", "rel:1e-06", "rel:1e-10")
    ]
    fast = singular_values(y, ("uncentred", "centred"), tolerances, eps)
    exact = by_qr(y, ("uncentred", "centred"))
    for centring in ("uncentred", "centred"):
        for tolerance in tolerances:
            factor = tolerance.factor(60, 12, eps)
            scale = "uncentred" if tolerance.scales_with_uncentred else centring
            counts = [(one[centring] > factor * one[scale][:, :1]).sum(dim=1).tolist() for one in (fast, exact)]
            assert counts[0] == counts[1], (centring, tolerance.name)


def test_squares_alone_would_count_wrongly_where_the_exact_path_takes_over():
    low = doubtful_stack()[1:2]
    squares = torch.linalg.eigvalsh(low.transpose(1, 2) @ low).flip(-1).clamp(min=0).sqrt()
    assert int((squares > 60 * 2.0**-52 * squares[:, :1]).sum()) > 4
    found = singular_values(low, ("uncentred",), [parse_tolerance("numpy")], 2.0**-52)["uncentred"]
    assert int((found > 60 * 2.0**-52 * found[:, :1]).sum()) == 4
