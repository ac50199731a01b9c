"""Stochastic depth in training: rates, and the same logits and gradients as timm's networks give."""

import pytest
import torch
from timm_models import import_timm
from torch.nn.functional import cross_entropy

from rexnet_core import create_model, load_weights, model_config
from rexnet_core.blocks import DropPath
from rexnet_core.errors import InputError
from rexnet_core.weights import map_weights

#: Our name, timm's, and options that make timm's network ours.
TWINS = [
    ("rexnet_1.0", "rexnet_100", {}),
    ("rexnetr_1.0", "rexnetr_100", {}),
    ("regnetx_200mf", "regnetx_002", {"drop_rate": 0.2}),
    ("mobilenet_v2_1.0", "mobilenetv2_100", {"drop_rate": 0.2}),
    ("efficientnet_b0", "efficientnet_b0", {"drop_rate": 0.2}),
]


def step(model, images, labels, seed=3):
    """Logits and gradients of one pass in training mode."""
    model.train()
    torch.manual_seed(seed)
    logits = model(images)
    cross_entropy(logits, labels, label_smoothing=0.1).backward()
    return logits.detach()


@pytest.mark.parametrize(("ours", "theirs", "options"), TWINS, ids=[ours for ours, *_ in TWINS])
def test_a_training_pass_is_that_of_timm(ours, theirs, options):
    timm = import_timm()
    twin = timm.create_model(theirs, num_classes=7, drop_path_rate=0.5, **options)
    model = create_model(ours, num_classes=7, dropout=0.2, drop_path=0.5)
    load_weights(model, twin.state_dict())
    images, labels = torch.randn(6, 3, 64, 64), torch.arange(6)

    logits, expected = step(model, images, labels), step(twin, images, labels)

    assert (logits - expected).abs().max() <= 1e-4 * expected.abs().max()
    gradients = {name: tensor.grad for name, tensor in twin.named_parameters()}
    for parameter in model.parameters():
        parameter.data = parameter.grad
    found = {name: tensor for name, tensor in map_weights(model, "timm").items() if name in gradients}
    assert found.keys() == gradients.keys()
    largest = max(float(tensor.abs().max()) for tensor in gradients.values())
    worst = max(float((found[name] - gradients[name]).abs().max()) for name in found)
    assert worst <= 1e-4 * largest
    # The same seed without stochastic depth gives other logits, so it has acted.
    plain = create_model(ours, num_classes=7, dropout=0.2)
    load_weights(plain, twin.state_dict())
    assert (step(plain, images, labels) - expected).abs().max() > 1e-2 * expected.abs().max()


def test_rates_rise_linearly_over_the_blocks_that_have_a_shortcut():
    rates = [block.drop_path for block in model_config("rexnet_1.0", drop_path=0.15).blocks]
    shortcuts = [bool(block.w_shortcut) for block in model_config("rexnet_1.0").blocks]
    assert rates == [pytest.approx(0.15 * i / 15) if has else 0 for i, has in enumerate(shortcuts)]
    assert model_config("efficientnet_b0", drop_path=0.16).blocks[14].drop_path == pytest.approx(0.14)


@pytest.mark.parametrize("name", ["rexnet_1.0", "regnetx_200mf"])
def test_nothing_changes_outside_of_training(name):
    plain, dropping = create_model(name, num_classes=3), create_model(name, num_classes=3, drop_path=0.2)
    assert list(plain.state_dict()) == list(dropping.state_dict())
    assert not any(isinstance(module, DropPath) for module in plain.modules())
    dropping.load_state_dict(plain.state_dict())
    images = torch.randn(2, 3, 32, 32)
    assert torch.equal(plain.eval()(images), dropping.eval()(images))
    scripted = torch.jit.script(dropping)
    assert torch.allclose(scripted(images), plain(images), atol=1e-5)


def test_a_network_without_shortcuts_has_nothing_to_drop():
    with pytest.raises(InputError, match="rexnet_plain has none; its rate must be 0"):
        create_model("rexnet_plain", drop_path=0.1)


@pytest.mark.parametrize("rate", [-0.1, 1.0, float("nan"), True, "0.1"])
def test_a_rate_is_a_share(rate):
    with pytest.raises(InputError, match="drop_path must be a number from 0 to below 1"):
        model_config("rexnet_1.0", drop_path=rate)
