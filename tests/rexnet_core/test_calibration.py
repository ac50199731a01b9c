"""Inputs and weights that no backend can flatter itself with."""

import numpy as np
import pytest
import torch

from rexnet_core import create_model
from rexnet_core.calibration import calibrate, make_images


def test_images_are_the_same_for_a_seed_and_different_from_each_other():
    images = make_images(4, 48, seed=1)
    assert images.dtype == np.float32
    assert np.array_equal(images, make_images(4, 48, seed=1))
    assert not np.array_equal(images, make_images(4, 48, seed=2))
    means = images.mean(axis=(2, 3))
    assert len({tuple(np.round(mean, 3)) for mean in means}) == 4


def test_power_falls_with_frequency():
    power = np.abs(np.fft.rfft2(make_images(8, 64, seed=0))) ** 2
    low, high = power[..., 1:4, 1:4].mean(), power[..., 28:32, 28:32].mean()
    assert low > 30 * high


@pytest.fixture(scope="module")
def model():
    module = create_model("rexnet_0.5")
    calibrate(module, 64, seed=0)
    return module


def test_calibrated_logits_have_unit_scale_on_the_calibration_images(model):
    images = torch.from_numpy(make_images(32, 64, seed=1))
    with torch.inference_mode():
        assert float(model(images).std()) == pytest.approx(1, rel=0.1)


def test_statistics_are_those_of_the_network_in_eval_mode(model):
    """Every batch norm, fed the calibration images, puts out its shift as mean and its scale as deviation."""
    seen = {}
    norms = [part for part in model.modules() if isinstance(part, torch.nn.BatchNorm2d)]
    hooks = [norm.register_forward_hook(lambda part, _, out: seen.update({part: out.clone()})) for norm in norms]
    with torch.inference_mode():
        model(torch.from_numpy(make_images(32, 64, seed=1)))
    for hook in hooks:
        hook.remove()
    for norm in norms:
        assert torch.allclose(seen[norm].mean((0, 2, 3)), norm.bias, atol=1e-2)


def test_no_bias_is_zero(model):
    """A converter drops the addition of a zero."""
    biases = [tensor for name, tensor in model.named_parameters() if name.endswith("bias")]
    assert biases
    assert all(bool((bias != 0).all()) for bias in biases)


def test_calibration_is_the_same_for_a_seed(model):
    again = create_model("rexnet_0.5")
    calibrate(again, 64, seed=0)
    for (name, tensor), other in zip(model.state_dict().items(), again.state_dict().values(), strict=True):
        assert torch.equal(tensor, other), name


def test_the_model_is_left_in_eval_mode(model):
    assert not any(part.training for part in model.modules())
