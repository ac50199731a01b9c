"""The Jacobian rank of a block, against a Jacobian computed on the whole map in another way."""

import math

import pytest
import torch
from torch import nn

from analysis.rank.network.jacobian import block_ranks, jacobian_ranks
from analysis.rank.network.probe import probe
from rexnet_core import create_model
from rexnet_core.blocks import LinearBottleneck, ResidualBottleneck
from rexnet_core.calibration import calibrate
from rexnet_core.errors import InputError
from rexnet_core.network_config import BlockConfig


def block_of(kind, **changes):
    torch.manual_seed(0)
    wanted = {"stage": 1, "w_in": 5, "w_mid": 20, "w_out": 8, "stride": 1, "groups": 20, "expand": True}
    acts = {"act_in": "silu", "act_mid": "relu6", "w_shortcut": 5}
    block = kind(BlockConfig(**(wanted | acts | changes))).double().eval()
    for part in block.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.bias, 0.2, 0.8)
            nn.init.uniform_(part.running_var, 0.5, 2)
    return block


CASES = {
    "shortcut": (LinearBottleneck, {}),
    "stride": (LinearBottleneck, {"stride": 2, "w_shortcut": 0}),
    "no expansion": (LinearBottleneck, {"expand": False, "w_mid": 5, "groups": 5, "act_in": "none"}),
    "residual": (ResidualBottleneck, {"w_mid": 8, "groups": 2, "w_shortcut": 5, "projection": True, "act_out": "relu"}),
    "residual stride": (
        ResidualBottleneck,
        {"w_mid": 8, "groups": 2, "w_shortcut": 5, "projection": True, "act_out": "relu", "stride": 2},
    ),
}


@pytest.mark.parametrize("side", [1, 2, 3, 4, 7, 8])
@pytest.mark.parametrize("case", CASES)
def test_the_last_point_has_the_rank_of_the_jacobian_of_the_whole_block(case, side):
    kind, changes = CASES[case]
    block = block_of(kind, **changes)
    x = torch.randn(1, 5, side, side, dtype=torch.float64)
    ranks = block_ranks(block, x)
    last = list(ranks.values())[-1]
    centre = (block(x).shape[-1]) // 2
    whole = torch.autograd.functional.jacobian(lambda image: block(image)[0, :, centre, centre], x)
    assert last == int(torch.linalg.matrix_rank(whole.flatten(1)))


def test_a_pointwise_layer_and_its_activation_keep_to_the_inputs_of_one_position():
    ranks = block_ranks(block_of(LinearBottleneck), torch.randn(1, 5, 7, 7, dtype=torch.float64))
    assert ranks["expand"] == 5
    assert ranks["act"] == 5
    assert ranks["depthwise"] == 20
    assert list(ranks) == ["expand", "act", "depthwise", "act2", "project", "add"]


def test_gates_are_held_and_leave_the_rank_alone():
    block = block_of(LinearBottleneck, w_se=4)
    ranks = block_ranks(block, torch.randn(1, 5, 7, 7).double(), gates=torch.rand(1, 20, 1, 1).double() + 0.1)
    assert ranks["se"] == ranks["depthwise"] == 20
    assert ranks["add"] == 8


def test_gates_after_the_activation_leave_the_rank_of_the_activation_alone():
    block = block_of(LinearBottleneck, w_se=4, se_norm=False, se_after_act=True, act_se="silu")
    with torch.no_grad():
        block.body.depthwise.norm.bias[:4] = -100  # cut off by ReLU6: the ranks before and after it differ
    ranks = block_ranks(block, torch.randn(1, 5, 7, 7).double(), gates=torch.rand(1, 20, 1, 1).double() + 0.1)
    assert list(ranks) == ["expand", "act", "depthwise", "act2", "se", "project", "add"]
    assert ranks["se"] == ranks["act2"] < ranks["depthwise"]


@pytest.fixture(scope="module")
def model():
    module = create_model("rexnet_0.5")
    calibrate(module, 64, seed=0)
    return module


def test_the_span_rises_where_the_jacobian_does_not(model):
    images = torch.randn(8, 3, 64, 64)
    ranks = jacobian_ranks(model, images[:1])["stage3.block1"]
    span = probe(model, images, taps=["stage3.block1.*"])
    assert ranks["act"] <= model.config.stages[2][0].w_in < span["stage3.block1.act"].rank


def test_the_model_is_left_in_its_type_without_hooks(model):
    jacobian_ranks(model, torch.randn(1, 3, 32, 32))
    assert next(model.parameters()).dtype == torch.float32
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_one_image_is_taken(model):
    with pytest.raises(InputError, match="at one image"):
        jacobian_ranks(model, torch.randn(2, 3, 32, 32))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_has_no_rank_and_leaves_what_comes_before_alone(value):
    block = block_of(LinearBottleneck)
    with torch.no_grad():
        block.body.depthwise.conv.weight[3] = value
    ranks = block_ranks(block, torch.randn(1, 5, 7, 7, dtype=torch.float64))
    assert (ranks["expand"], ranks["act"]) == (5, 5)
    assert ranks["depthwise"] is None
    assert ranks["add"] is None


def test_an_image_that_is_not_finite_has_no_ranks_at_all(model):
    ranks = jacobian_ranks(model, torch.full((1, 3, 32, 32), math.nan))
    assert {rank for points in ranks.values() for rank in points.values()} == {None}
