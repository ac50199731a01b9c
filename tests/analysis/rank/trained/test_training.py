"""One training: what a seed fixes, what it leaves alone, and what happens to a loss that explodes."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from analysis.rank.trained.data import load_split
from analysis.rank.trained.networks import plan_networks
from analysis.rank.trained.training import train
from rexnet_core.errors import InputError


@pytest.fixture
def baseline(tiny):
    return plan_networks(tiny)[0]


def test_a_seed_gives_the_same_run_twice_and_another_seed_another(tiny, baseline):
    first = train(baseline, tiny, 0)
    torch.rand(3)
    assert train(baseline, tiny, 0) == first
    assert train(baseline, tiny, 1).loss != first.loss


def test_training_learns():
    from analysis.rank.trained import TrainedSetting  # noqa: PLC0415

    setting = TrainedSetting(groups=("table2",), epochs=6, side=8, train_per_class=20)
    run = train(plan_networks(setting)[2], setting, 0)
    assert run.status == "ok"
    assert run.accuracy > 0.5


def test_torch_is_left_as_it_was(tiny, baseline):
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    train(baseline, replace(tiny, threads=2), 0)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_loss_that_is_not_finite_is_a_failed_run(tiny, baseline):
    run = train(baseline, replace(tiny, learning_rate=1e30), 0)
    assert run.status == "failed"
    assert run.reason.startswith("the loss was not finite in epoch 1")
    assert run.epochs == 0
    assert run.as_dict()["accuracy"] is None
    assert run.as_dict()["nuclear_norm"] is None


def test_feature_metrics_are_those_of_the_test_images(tiny, baseline, monkeypatch):
    from analysis.rank.trained import training  # noqa: PLC0415

    kept = []
    original = training.final_features
    monkeypatch.setattr(training, "final_features", lambda *given: kept.append(original(*given)) or kept[0])
    run = train(baseline, tiny, 0)
    features = kept[0].double().numpy()
    assert features.shape == (1797 - 50, 128)
    values = np.linalg.svd(features, compute_uv=False)
    assert run.nuclear_norm == pytest.approx(values.sum(), rel=1e-6)
    assert run.nuclear_norm_per_root_row == pytest.approx(values.sum() / np.sqrt(1747), rel=1e-6)
    assert run.nuclear_over_largest == pytest.approx(values.sum() / values[0], rel=1e-6)


def test_the_split_is_stratified_normalised_and_apart(tiny):
    split = load_split(tiny, 0)
    assert split.train_images.shape == (50, 1, 8, 8)
    assert torch.bincount(split.train_labels).tolist() == [5] * 10
    assert split.train_images.mean().item() == pytest.approx(0, abs=1e-5)
    assert split.train_images.std().item() == pytest.approx(1, abs=1e-5)
    seen = {image.numpy().tobytes() for image in split.train_images}
    assert len(seen) == 50
    assert seen.isdisjoint(image.numpy().tobytes() for image in split.test_images)
    assert len(split.test_labels) == 1797 - 50


def test_the_split_moves_with_the_seed_only_where_asked(tiny):
    fixed = [load_split(tiny, seed).train_images for seed in (0, 1)]
    moved = [load_split(replace(tiny, resplit=True), seed).train_images for seed in (0, 1)]
    assert torch.equal(*fixed)
    assert torch.equal(fixed[0], moved[0])
    assert not torch.equal(*moved)


def test_without_scikit_learn_one_line_says_what_to_install(tiny, monkeypatch):
    from analysis.rank.trained import run_trained  # noqa: PLC0415

    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(InputError, match=r"pip install 'rexbench\[trained\]'"):
        run_trained(tiny)
