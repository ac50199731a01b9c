"""The blocks' parts, each against its formula."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rexnet_core.blocks import LinearBottleneck, SqueezeExcite, add_to_first_channels
from rexnet_core.network_config import BlockConfig

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.*deprecated:DeprecationWarning")


@settings(max_examples=20, deadline=None)
@given(width=st.integers(1, 6), more=st.integers(1, 4), side=st.integers(1, 5), batch=st.integers(1, 3))
def test_input_is_added_to_the_first_channels_alone(width, more, side, batch):
    out, x = torch.randn(batch, width + more, side, side), torch.randn(batch, width, side, side)
    padded = torch.nn.functional.pad(x, (0, 0, 0, 0, 0, more))
    expected = out + padded
    assert torch.equal(add_to_first_channels(out, x, width), expected)


def test_eager_sum_writes_into_the_output_and_a_script_does_not():
    out, x = torch.zeros(1, 3, 2, 2), torch.ones(1, 2, 2, 2)
    scripted = torch.jit.script(add_to_first_channels)
    assert scripted(out, x, 2).sum() == 8
    assert out.sum() == 0
    assert add_to_first_channels(out, x, 2) is out
    assert out.sum() == 8


def test_partial_sum_passes_gradients_to_both():
    out = torch.randn(2, 4, 3, 3, dtype=torch.float64, requires_grad=True)
    x = torch.randn(2, 3, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a, b: add_to_first_channels(a * 2, b, 3).square(), (out, x))


def test_squeeze_excite_scales_each_channel_by_a_gate_of_its_means():
    torch.manual_seed(0)
    layer, x = SqueezeExcite(6, 2).eval(), torch.randn(2, 6, 4, 5)
    means = x.mean((2, 3))
    squeezed = (means @ layer.reduce.weight[:, :, 0, 0].T + layer.reduce.bias) / (1 + layer.norm.eps) ** 0.5
    gates = torch.sigmoid(squeezed.relu() @ layer.expand.weight[:, :, 0, 0].T + layer.expand.bias)
    torch.testing.assert_close(layer(x), x * gates[:, :, None, None])


def test_squeeze_excite_without_norm_has_none_and_the_activation_it_is_given():
    torch.manual_seed(0)
    layer, x = SqueezeExcite(6, 2, norm=False, act="silu").eval(), torch.randn(2, 6, 4, 5)
    assert list(layer.state_dict()) == ["reduce.weight", "reduce.bias", "expand.weight", "expand.bias"]
    squeezed = x.mean((2, 3)) @ layer.reduce.weight[:, :, 0, 0].T + layer.reduce.bias
    gates = torch.sigmoid(squeezed * squeezed.sigmoid() @ layer.expand.weight[:, :, 0, 0].T + layer.expand.bias)
    torch.testing.assert_close(layer(x), x * gates[:, :, None, None])


@pytest.mark.parametrize("se_after_act", [False, True])
def test_squeeze_excite_stands_before_or_after_the_activation_under_the_same_names(se_after_act):
    torch.manual_seed(0)
    sizes = {"stage": 0, "w_in": 4, "w_mid": 4, "w_out": 4, "stride": 1, "groups": 4, "w_se": 2, "expand": False}
    block = LinearBottleneck(BlockConfig(**sizes, se_after_act=se_after_act, act_mid="silu")).eval()
    assert {name.split(".")[1] for name in block.state_dict()} == {"depthwise", "se", "project"}
    x, body = torch.randn(2, 4, 5, 5), block.body
    features = body.depthwise(x)
    act = torch.nn.functional.silu
    inner = body.se(act(features)) if se_after_act else act(body.se(features))
    torch.testing.assert_close(block(x), body.project(inner))


@pytest.mark.parametrize(("w_out", "w_shortcut"), [(8, 6), (6, 6), (8, 0)])
def test_block_with_a_silent_body_gives_its_input_where_there_is_a_shortcut(w_out, w_shortcut):
    config = BlockConfig(
        stage=0, w_in=6, w_mid=36, w_out=w_out, stride=1, groups=36, w_se=3, expand=True, w_shortcut=w_shortcut
    )
    block = LinearBottleneck(config).eval()
    torch.nn.init.zeros_(block.body.project.norm.weight)
    x = torch.randn(2, 6, 5, 5)
    before = x.clone()
    out = block(x)
    assert torch.equal(out[:, :w_shortcut], x[:, :w_shortcut])
    assert not out[:, w_shortcut:].any()
    assert torch.equal(x, before)
