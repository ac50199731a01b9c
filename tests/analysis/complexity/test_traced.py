"""The traced way against the analytic one (exactly, layer by layer), against torch's own numbers, and by itself."""

from functools import partial
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations

from analysis.complexity import count, trace
from analysis.complexity.analytic import count_config
from bench.suites.support.unregistered_classes import Attention, Rows, SelfAttention
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


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (nn.Conv2d(4, 8, 1), "RuntimeError: .*channel"),
        (nn.Flatten(7), "IndexError: Dimension out of range"),
        (nn.MultiheadAttention(4, 2), "TypeError: .*missing 2 required"),
        (nn.Sequential(nn.Conv2d(3, 8, 1), nn.Linear(5, 5)), "RuntimeError: "),
        (nn.Bilinear(3, 3, 3), "TypeError: "),
        (nn.Embedding(3, 3), "RuntimeError: "),
    ],
)
def test_a_model_for_something_else_is_refused_in_one_line(model, words):
    with pytest.raises(
        InputError, match=rf"^the model must take \(1, 3, H, W\) at resolution 32; it gave {words}"
    ) as one:
        trace(model, 32)
    assert "\n" not in str(one.value)


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


class MixerBlock(nn.Module):
    """Linear layers on a permuted tensor, and on rows."""

    def __init__(self):
        super().__init__()
        self.norm, self.last_norm = nn.LayerNorm(512), nn.LayerNorm(512)
        self.tokens = nn.Sequential(nn.Linear(49, 256), nn.GELU(), nn.Linear(256, 49))
        self.channels = nn.Sequential(nn.Linear(512, 2048), nn.GELU(), nn.Linear(2048, 512))

    def forward(self, x):
        x = x + self.tokens(self.norm(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(self.last_norm(x))


def test_linear_layers_on_permuted_tensors_are_counted():
    stem, blocks, head = nn.Conv2d(3, 512, 32, 32), [MixerBlock() for _ in range(8)], nn.Linear(512, 1000)
    flat, last = nn.Sequential(nn.Flatten(2), Transposed()), nn.Sequential(Transposed(), nn.AdaptiveAvgPool1d(1))
    mixer_s32 = nn.Sequential(stem, flat, *blocks, nn.LayerNorm(512), last, nn.Flatten(1), head)
    assert trace(mixer_s32).macs == 1_002_426_368


class Transposed(nn.Module):
    def forward(self, x):
        return x.transpose(1, 2)


class Function(nn.Module):
    """A function of its weights and the image, on modules that are not called."""

    def __init__(self, call, **modules):
        super().__init__()
        self.call = call
        for name, module in modules.items():
            self.add_module(name, module)

    def forward(self, x):
        return self.call(self._modules, x)


def lin(width=8):
    return nn.Linear(32, width, bias=False)


#: Rows of 32 numbers in an image of 3 x 32 x 32: 96, and 8 numbers from each.
EACH = 96 * 32 * 8
LINEAR = {
    "as a function": (lambda own, x: functional.linear(x, own["a"].weight), EACH),
    "as a product": (lambda own, x: x @ own["a"].weight.T, EACH),
    "from the left": (lambda own, x: own["a"].weight @ x, EACH),
    "by einsum": (lambda own, x: torch.einsum("nchw,ow->ncho", x, own["a"].weight), EACH),
    "on a permuted tensor": (lambda own, x: own["a"](x.permute(0, 3, 1, 2)), EACH),
    "on a vector": (lambda own, x: own["a"](x[0, 0, 0]), 32 * 8),
    "on slices of a weight": (lambda own, x: [x @ part.T for part in own["a"].weight.chunk(2)], EACH),
    "with a computed weight": (lambda own, x: functional.linear(x, torch.tanh(own["a"].weight) * 2), EACH),
    "with a masked weight": (lambda own, x: x @ (own["a"].weight * torch.ones(8, 32).tril()).T, EACH),
    "of low rank": (lambda own, x: x @ (own["a"].weight.T @ own["a"].weight), 96 * 32 * 32),
    "with a weight of the image": (lambda own, x: functional.linear(x, own["a"](x[0, 0]).T), 32 * 32 * 8 + EACH),
    "on a constant": (lambda own, _x: own["a"](torch.ones(2, 32)), 2 * 32 * 8),
    "twice": (lambda own, x: own["a"](x) + own["a"](x), 2 * EACH),
    "by a batch of weights": (lambda own, x: torch.bmm(x[0], own["a"].weight.T.expand(3, 32, 8)), EACH),
    "not at all": (lambda _own, x: x @ x.mT, 0),
}


@pytest.mark.parametrize("spelling", LINEAR)
def test_a_linear_layer_is_counted_in_every_spelling(spelling):
    call, macs = LINEAR[spelling]
    assert trace(Function(call, a=lin()), 32).macs == macs


def test_what_is_computed_is_booked_to_the_module_that_owns_the_weight():
    model = nn.Sequential(nn.Flatten(2), parametrizations.weight_norm(nn.Linear(1024, 4)))
    (layer,) = trace(model, 32).layers
    assert (layer.layer, layer.kind, layer.params, layer.macs) == ("1", "linear", 4096 + 4 + 4, 3 * 4096)
    assert layer.out_shape == (1, 3, 4)


def test_attention_has_its_projections_in_every_spelling():
    macs = {"operator", "einsum", "batched", "fused"}
    assert {trace(Attention(one), 32).macs for one in macs} == {16 * 24 * 64 * 3 + 4 * 16 * 24 * 24}
    whole = trace(Rows(SelfAttention(32, 4, batch_first=True)), 32)
    assert {layer.layer: layer.macs for layer in whole.layers} == {
        "inner": 3 * 96 * 32 * 32,
        "inner.out_proj": 96 * 32 * 32,
    }


def test_recurrent_layers_are_linear_layers_at_each_step():
    assert trace(Rows(nn.LSTM(32, 8, batch_first=True)), 32).macs == 96 * 4 * 8 * (32 + 8)
    assert trace(Rows(nn.GRU(32, 8, batch_first=True)), 32).macs == 96 * 3 * 8 * (32 + 8)


class OneModule(nn.Module):
    """Convolutions and norms whose numbers one module holds."""

    def __init__(self, layers=1, *, batch=False):
        super().__init__()
        widths = [3, *[8] * layers]
        self.weights = nn.ParameterList(torch.ones(out, read, 3, 3) for read, out in pairwise(widths))
        self.scales, self.shifts = (nn.ParameterList(torch.ones(8) for _ in range(layers)) for _ in range(2))
        self.batch = batch
        self.register_buffer("mean", torch.zeros(8))

    def forward(self, x):
        for weight, scale, shift in zip(self.weights, self.scales, self.shifts, strict=True):
            kept = () if self.batch else (self.mean, self.mean)
            x = functional.batch_norm(functional.conv2d(x, weight), *(kept or (None, None)), scale, shift, self.batch)
        return x


def test_norms_fold_where_one_module_holds_them_and_the_convolutions():
    class Held(OneModule):
        def __init__(self):
            super().__init__()
            self.weight, self.scale, self.shift = self.weights[0], self.scales[0], self.shifts[0]
            del self.weights, self.scales, self.shifts

        def forward(self, x):
            return functional.batch_norm(
                functional.conv2d(x, self.weight), self.mean, self.mean, self.scale, self.shift
            )

    (layer,) = trace(Held(), 32).layers
    assert (layer.kind, layer.params, layer.params_folded) == ("conv", 216 + 16, 216 + 8)
    two = trace(OneModule(2), 32)
    assert (two.params, two.params_folded) == (216 + 576 + 32, 216 + 576 + 16)


def seq(*modules):
    return nn.Sequential(*modules)


CONV, NORM = partial(nn.Conv2d, 3, 3, 1), partial(nn.BatchNorm2d, 3)


def share(pattern):
    """Convolutions and norms by letters, each letter one module: `aNbN` shares a norm."""
    modules = {letter: NORM() if letter.isupper() else CONV() for letter in pattern}
    return seq(*(modules[letter] for letter in pattern))


@pytest.mark.parametrize(
    ("model", "folded"),
    [
        (share("aN"), 12),
        (share("aNaN"), 12),
        (share("aNbM"), 24),
        # None of these can be folded as a whole: the other use would be changed.
        (share("aNa"), 18),
        (share("aNaM"), 24),
        (share("aNbN"), 30),
        (share("aNN"), 18),
        (OneModule(batch=True), 232),
        (Function(lambda own, x: own["n"](y := own["c"](x)) + y, c=CONV(), n=NORM()), 18),
        (Function(lambda own, x: own["n"](own["c"](x)) + own["m"](own["c"](x)), c=CONV(), n=NORM(), m=NORM()), 24),
    ],
)
def test_a_norm_folds_only_where_nothing_else_changes(model, folded):
    assert trace(model, 32).params_folded == folded


def test_lazy_modules_learn_their_shapes():
    model = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(3))
    cost = trace(model, 32)
    assert [(layer.kind, layer.params, layer.macs) for layer in cost.layers] == [
        ("conv", 112, 30 * 30 * 108),
        ("batch_norm", 8, 0),
        ("linear", 3 * 3603 - 6, 3 * 3600),
    ]
    assert trace(model, 33).layers[-1].macs == 3 * 4 * 31 * 31
    assert trace(nn.LazyConv2d(4, 3), 32, in_channels=5).params == 4 * 45 + 4


def test_constants_that_a_forward_makes_are_taken_along():
    model = Function(lambda own, x: own["a"](x * torch.arange(32.0) + torch.zeros(1, 32)), a=lin())
    assert trace(model, 32).macs == EACH


def test_numbers_of_another_type_get_an_image_of_their_type():
    assert trace(nn.Sequential(nn.Conv2d(3, 4, 3)).to(torch.bfloat16), 32).macs == 30 * 30 * 108
