"""The traced way against the analytic one (exactly, layer by layer), against torch's own numbers, and by itself."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from analysis.complexity import count, trace
from analysis.complexity.analytic import count_config
from rexnet_core import create_model, model_info, model_names
from rexnet_core.errors import InputError
from rexnet_core.registry import model_config

OPTIONS = [
    ("rexnet_1.0", {"use_se": False}),
    ("rexnet_0.9", {"depth_mult": 2.0}),
    ("rexnetr_1.3", {"depth_mult": 0.5, "use_se": False}),
    ("rexnet_lite_1.3", {"num_classes": 7}),
    ("regnetx_400mf", {"in_channels": 1}),
    ("mobilenet_v2_1.0", {"in_channels": 5, "num_classes": 1}),
    ("rexnet_plain", {"num_classes": 21_841}),
    ("efficientnet_b0", {"in_channels": 1, "num_classes": 10}),
]


def on_meta(name, **options):
    with torch.device("meta"):
        return create_model(name, **options)


@pytest.mark.parametrize("name", model_names())
def test_both_ways_agree_on_every_layer_of_a_published_model(name):
    model = on_meta(name)
    for side in {32, 33, 160, 224, 225, 288, model_info(name).resolution}:
        assert trace(model, side).layers == count(name, side).layers


@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_both_ways_agree_whatever_the_options(name, options):
    config = model_config(name, **options)
    for side in (33, 224):
        traced = trace(on_meta(name, **options), side, in_channels=config.stem.w_in)
        assert traced.layers == count_config(config, side).layers


@settings(max_examples=25, deadline=None)
@given(
    family=st.sampled_from(["rexnet", "rexnetr", "rexnet_lite", "mobilenet_v2"]),
    width=st.integers(50, 400).map(lambda hundredths: hundredths / 100),
    side=st.integers(32, 512),
)
def test_both_ways_agree_at_any_width_and_side(family, width, side):
    name = f"{family}_{width}"
    assert trace(name, side).layers == count(name, side).layers


@pytest.mark.parametrize("name", ["rexnet_1.0", "regnetx_200mf", "rexnet_lite_2.0", "rexnet_plain"])
def test_params_are_all_the_parameters_the_model_has(name):
    assert trace(name).params == sum(parameter.numel() for parameter in on_meta(name).parameters())


def test_what_is_not_counted_is_given_back():
    uncounted = dict(entry.split(" x") for entry in trace("rexnet_1.0").uncounted)
    assert uncounted["batch_norm"] == "62"
    assert uncounted["silu"] == "17"
    assert uncounted["mul"] == uncounted["sigmoid"] == "13"
    assert set(uncounted) == {"batch_norm", "silu", "hardtanh", "mean", "relu", "sigmoid", "mul", "add"}


def test_a_model_with_real_weights_keeps_them_and_its_modes():
    model = create_model("rexnet_plain")
    model.stem.eval()
    modes = [module.training for module in model.modules()]
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert trace(model, 64).layers == count("rexnet_plain", 64).layers
    assert [module.training for module in model.modules()] == modes
    after = model.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


def test_modes_are_restored_when_the_model_fails():
    model = nn.Sequential(nn.Conv2d(4, 8, 1))
    with pytest.raises(RuntimeError, match="channel"):
        trace(model, 32)
    assert model.training
    assert model[0].training


class Odd(nn.Module):
    """What our own networks don't do: a layer used twice, a norm alone, a loose parameter, a product of features."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(3)
        self.up = nn.ConvTranspose2d(3, 5, 2, stride=2)
        self.scale = nn.Parameter(torch.ones(5, 1, 1))
        self.unused = nn.Linear(2, 2)

    def forward(self, x):
        x = self.up(self.norm(torch.relu_(self.conv(self.conv(x))))) * self.scale
        flat = x.flatten(1)
        return flat @ flat.T


def test_a_network_it_has_never_heard_of_is_counted():
    cost = trace(Odd(), 32)
    rows = {layer.layer: layer for layer in cost.layers}
    assert (rows["conv"].macs, rows["conv"].params) == (2 * 32 * 32 * 81, 81)
    # Something stands between convolution and norm, so the norm stays.
    assert (rows["norm"].params_folded, rows["conv"].params_folded) == (6, 81)
    assert (rows["up"].macs, rows["up"].out_shape) == (32 * 32 * 3 * 5 * 4, (1, 5, 64, 64))
    assert (rows["unused"].kind, rows["unused"].params, rows["unused"].macs) == ("other", 6, 0)
    assert cost.params == sum(parameter.numel() for parameter in Odd().parameters())
    assert "mm x1" in cost.uncounted


def test_resolution_and_name_are_checked():
    with pytest.raises(InputError, match="got 7"):
        trace("rexnet_1.0", 7)
    with pytest.raises(InputError, match="unknown model 'resnet'"):
        trace("resnet")
