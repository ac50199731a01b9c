import pytest
import torch

from analysis.rank import PRODUCER, numerical_rank, spectrum_of
from analysis.rank.layers.activations import FUNCTIONS
from analysis.rank.layers.bounds import bound, linear_bound
from analysis.rank.layers.networks import Block, draw_network, draw_size
from analysis.rank.layers.setting import ACTIVATIONS, ALL_BLOCKS, BLOCKS, LayerSetting

RATIOS = (0.1, 0.25, 0.5, 1.0)


def setting_of(**changes):
    return LayerSetting(**{"ratios": RATIOS, "d_out": (24, 40), "precision": "float64", **changes})


def ranks(setting, block, ratio, number=0):
    features = Block(block, setting, draw_network(setting, number)).features(ratio)
    return [int(numerical_rank(spectrum_of(one), PRODUCER, "uncentred").value) for one in features]


def test_features_have_a_row_per_position_and_a_column_per_channel():
    setting = setting_of(spatial=3, rows="4x")
    draw = draw_network(setting, 0)
    for block in ALL_BLOCKS:
        features = Block(block, setting, draw).features(0.5)
        assert features.shape == (8, setting.rows_for(draw.d_out), draw.d_out)
        assert setting.rows_for(draw.d_out) % 9 == 0


@pytest.mark.parametrize("ratio", RATIOS)
def test_linear_layer_has_the_rank_of_its_input(ratio):
    setting = setting_of(norm="none")
    d_in = setting.d_in(ratio, draw_size(setting, 0))
    for block in BLOCKS:
        assert ranks(setting, block, ratio)[0] == d_in


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("block", [block for block in ALL_BLOCKS if block.startswith("inverted")])
@pytest.mark.parametrize("spatial", [1, 3])
def test_bottlenecks_reach_their_bound_under_every_activation(block, ratio, spatial):
    setting = setting_of(activations=("Linear", "ReLU6", "SiLU", "ELU"), spatial=spatial)
    draw = draw_network(setting, 1)
    d_in, rows = setting.d_in(ratio, draw.d_out), setting.rows_for(draw.d_out)
    linear, *curved = ranks(setting, block, ratio, number=1)
    mid = draw.middle(d_in)
    assert linear == linear_bound(block, d_in, draw.d_out, rows, spatial=spatial, mid=mid, shift=True)
    # On vectors three or four channels carry too few distinct numbers to fill what algebra allows.
    assert all(rank <= bound(block, d_in, draw.d_out, rows, mid=mid) for rank in curved)
    assert all(rank >= bound(block, d_in, draw.d_out, rows, mid=mid) - 1 for rank in curved)


@pytest.mark.parametrize("d_in", [2, 8, 20])
def test_a_depthwise_layer_expands_rank_without_any_activation(d_in):
    torch.manual_seed(0)
    x = torch.einsum("bchw,oc->bohw", torch.randn(12, d_in, 9, 9).double(), torch.randn(64, d_in).double())
    y = torch.nn.functional.conv2d(x, torch.randn(64, 1, 3, 3).double(), padding=1, groups=64)
    rows = y.permute(0, 2, 3, 1).flatten(0, 2)
    assert numerical_rank(spectrum_of(rows), PRODUCER, "uncentred").value == min(64, 9 * d_in)


def test_networks_share_sizes_weights_and_inputs_across_activations_and_ratios():
    alone = Block("conv1x1", setting_of(activations=("SiLU",)), draw_network(setting_of(), 3)).features(0.5)
    together = Block("conv1x1", setting_of(), draw_network(setting_of(), 3)).features(0.5)
    assert torch.equal(alone[0], together[7])
    linear = setting_of(norm="none", activations=("Linear",))
    draw = draw_network(linear, 3)
    small, large = (Block("conv1x1", linear, draw).features(ratio)[0] for ratio in (0.25, 0.5))
    d_in = linear.d_in(0.25, draw.d_out)
    rest = large - small
    assert int(torch.linalg.matrix_rank(rest)) == linear.d_in(0.5, draw.d_out) - d_in


def test_the_shortcut_adds_the_input_to_the_first_channels():
    setting = setting_of(norm="none", activations=("ReLU",))
    draw = draw_network(setting, 0)
    with_it, without = (
        Block(f"inverted_bottleneck_dwconv3x3{end}", setting, draw).features(0.5)[0] for end in ("", "_no_shortcut")
    )
    d_in = setting.d_in(0.5, draw.d_out)
    assert torch.allclose((with_it - without)[:, :d_in], draw.inputs[:, :d_in, 0, 0])
    assert torch.equal(with_it[:, d_in:], without[:, d_in:])


def test_a_3x3_kernel_on_vectors_is_its_centre():
    setting = setting_of(norm="none", activations=("ReLU",), spatial=1)
    draw = draw_network(setting, 0)
    weight = draw.weight(0, draw.d_out, draw.d_out, 3, 3)
    padded = torch.nn.functional.conv2d(draw.inputs, weight, padding=1)
    assert torch.allclose(Block("conv3x3", setting, draw).features(1.0)[0], padded[:, :, 0, 0].relu())


def test_batch_norm_leaves_zero_mean_and_unit_variance_where_it_stands():
    before = Block("conv1x1", setting_of(norm="before", activations=("Linear",)), draw_network(setting_of(), 0))
    after = Block("conv1x1", setting_of(norm="after", activations=("ReLU",)), draw_network(setting_of(), 0))
    for features in (before.features(0.5)[0], after.features(0.5)[0]):
        assert features.mean(dim=0).abs().max() < 1e-12
        assert (features.var(dim=0, correction=0) - 1).abs().max() < 1e-3


def test_the_identity_norm_is_that_of_an_untrained_network_in_eval_mode():
    norm = torch.nn.BatchNorm2d(40).double().eval()
    identity = setting_of(norm="before", norm_statistics="identity", activations=("Linear",), d_out=(40, 40))
    plain = setting_of(norm="none", activations=("Linear",), d_out=(40, 40))
    given = Block("conv1x1", plain, draw_network(plain, 0)).features(1.0)[0]
    expected = norm(given[:, :, None, None])[:, :, 0, 0]
    assert torch.allclose(Block("conv1x1", identity, draw_network(identity, 0)).features(1.0)[0], expected)


@pytest.mark.parametrize(
    ("law", "deviation"), [("normal", 1.0), ("fan_in", 0.5), ("kaiming", 0.5**0.5), ("uniform", 0.5 / 3**0.5)]
)
def test_weight_laws_have_their_scale(law, deviation):
    setting = setting_of(weights=law, d_out=(400, 400), norm="none", activations=("Linear",), rows="d+1")
    draw = draw_network(setting, 0)
    # Four inputs that are one at a time: the features are the weights.
    ones = torch.eye(4, dtype=torch.float64)[:, :, None, None]
    block = Block("conv1x1", setting, draw)
    found = block._convolve(ones, 0, block._weights[0][:, :4])
    assert float(found.std()) == pytest.approx(deviation, rel=0.06)


@pytest.mark.parametrize("law", ["normal", "uniform", "half_normal"])
def test_input_laws_lie_where_they_should(law):
    x = draw_network(setting_of(inputs=law), 0).inputs
    assert (float(x.min()) < 0) == (law == "normal")
    assert (float(x.max()) <= 1) == (law == "uniform")


def test_a_second_activation_replaces_the_one_after_the_middle_but_not_for_linear():
    setting = setting_of(second_activation="ReLU", norm="none", activations=("Linear", "SiLU"), ratios=(0.1,))
    linear, curved = ranks(setting, "inverted_bottleneck_conv3x3", 0.1)
    assert linear == setting.d_in(0.1, draw_size(setting, 0)) < curved


def test_every_activation_has_its_function():
    assert set(FUNCTIONS) == set(ACTIVATIONS)
    z = torch.linspace(-9, 9, 101)
    module = {"SoftPlus": "Softplus", "Linear": "Identity"}
    for name, function in FUNCTIONS.items():
        assert torch.allclose(function(z), getattr(torch.nn, module.get(name, name))()(z))
