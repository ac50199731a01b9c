"""What thop 0.1.1 and ptflops count for networks, and for every class and function they may know, against the tools."""

import sys
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional

from analysis.complexity.conventions import count_under, ptflops_functions, ptflops_rules, thop_rules
from bench.suites.support import counting_tools
from rexnet_core import create_model
from rexnet_core.errors import InputError

pytestmark = [
    pytest.mark.filterwarnings("ignore:distutils Version classes:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.nn.functional.upsample. is deprecated:UserWarning"),
]

TOOLS = ("thop", "ptflops")


def measure(tool, module, shape):
    """The tool's own total."""
    return counting_tools.TOOLS[tool](module, torch.zeros(1, 3, *shape))


#: Height and width of the images they are made for.
SHAPE = (34, 33)


class Calls(nn.Module):
    """One function."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def _as_row(x):
    return x.flatten(2)


def _as_volume(x):
    return x[:, :, :8, :16].reshape(1, x.shape[1], 2, 4, 16)


ON_ROWS = (
    nn.Conv1d(3, 4, 3),
    nn.ConvTranspose1d(3, 6, 3, 2, groups=3, bias=False),
    nn.BatchNorm1d(3),
    nn.InstanceNorm1d(3, affine=True),
    nn.MaxPool1d(2),
    nn.AvgPool1d(3),
    nn.AdaptiveAvgPool1d(7),
    nn.AdaptiveMaxPool1d(5),
    nn.Upsample(scale_factor=2, mode="linear"),
    nn.Softmax(-1),
)
ON_VOLUMES = (
    nn.Conv3d(3, 4, 2),
    nn.ConvTranspose3d(3, 4, 2, 2),
    nn.BatchNorm3d(3, affine=False),
    nn.InstanceNorm3d(3),
    nn.MaxPool3d(2),
    nn.AvgPool3d(2),
    nn.AdaptiveAvgPool3d((1, 3, 7)),
    nn.AdaptiveMaxPool3d(1),
    nn.Upsample(scale_factor=2, mode="trilinear"),
)
ON_IMAGES = (
    nn.Conv2d(3, 6, 3, 2, 1, groups=3),
    nn.ConvTranspose2d(3, 6, 4, 2, 1),
    nn.ConvTranspose2d(3, 6, 4, 2, 1, groups=3, bias=False),
    *(nn.BatchNorm2d(3), nn.BatchNorm2d(3, affine=False), nn.SyncBatchNorm(3)),
    *(nn.LayerNorm([33]), nn.LayerNorm([33], elementwise_affine=False)),
    *(nn.InstanceNorm2d(3), nn.InstanceNorm2d(3, affine=True)),
    *(nn.GroupNorm(3, 3), nn.GroupNorm(1, 3, affine=False)),
    *(nn.PReLU(), nn.Softmax(1), nn.ReLU(), nn.ReLU6(), nn.LeakyReLU(), nn.ELU(), nn.GELU()),
    *(nn.SiLU(), nn.Hardswish(), nn.Sigmoid(), nn.Mish()),
    *(nn.MaxPool2d(2), nn.MaxPool2d(2, return_indices=True), nn.AvgPool2d(3), nn.AvgPool2d(3, 2), nn.LPPool2d(2, 2)),
    *(nn.AdaptiveAvgPool2d(1), nn.AdaptiveMaxPool2d(1)),
    *(nn.AdaptiveAvgPool2d(7), nn.AdaptiveAvgPool2d((7, 9)), nn.AdaptiveAvgPool2d((6, 13))),
    *(nn.AdaptiveMaxPool2d(4), nn.AdaptiveMaxPool2d(4, return_indices=True)),
    *(nn.Linear(33, 7), nn.Linear(33, 7, bias=False), nn.Dropout(), nn.ZeroPad2d(1), nn.PixelShuffle(1)),
    *(nn.Upsample(scale_factor=2), nn.Upsample(scale_factor=1.3), nn.Upsample(size=40, mode="bilinear")),
    *(nn.Upsample(size=(40, 41), mode="bicubic"), nn.Upsample(scale_factor=2, mode="nearest-exact")),
    *(nn.UpsamplingBilinear2d(scale_factor=2), nn.UpsamplingNearest2d(size=50)),
)

#: A model for each of them, with its name.
MODELS = {
    f"{place} {module}": nn.Sequential(Calls(before), module)
    for before, modules in ((_as_row, ON_ROWS), (_as_volume, ON_VOLUMES), (torch.clone, ON_IMAGES))
    for place, module in enumerate(modules)
}

ACTIVATIONS = ("relu", "relu6", "elu", "gelu", "silu", "hardswish")
POOLINGS = ("max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "adaptive_max_pool2d")
#: Calls by their name.
FUNCTIONS = {
    **{name: getattr(functional, name) for name in ACTIVATIONS},
    **{name: partial(getattr(functional, name), kernel_size=2) for name in POOLINGS[:2]},
    **{name: partial(getattr(functional, name), output_size=2) for name in POOLINGS[2:]},
    "interpolate by a factor": lambda x: functional.interpolate(x, scale_factor=2),
    "interpolate by fractions": lambda x: functional.interpolate(functional.interpolate(x, None, 1.3), None, 1.7),
    "interpolate by two factors": lambda x: functional.interpolate(x, scale_factor=(2, 3)),
    "interpolate by two fractions": lambda x: functional.interpolate(x, scale_factor=(1.5, 2.9)),
    "interpolate to a size": lambda x: functional.interpolate(x, (40, 41)),
    "interpolate to a side": lambda x: functional.interpolate(x, 40),
    "upsample": lambda x: functional.upsample(x, scale_factor=2),
    "torch.matmul": lambda x: torch.matmul(x, x.mT),
    "matmul": lambda x: x.matmul(x.mT),
    "@": lambda x: x @ x.mT,
    "torch.mm": lambda x: torch.mm(x[0, 0], x[0, 1].T),
    "mm": lambda x: x[0, 0].mm(x[0, 1].T),
    "torch.bmm": lambda x: torch.bmm(x[0], x[0].mT),
    "bmm": lambda x: x[0].bmm(x[0].mT),
    "torch.addmm": lambda x: torch.addmm(x[0, 0, 0, :1], x[0, 0], x[0, 1].T),
    "addmm": lambda x: x[0, 0, 0, :1].addmm(x[0, 0], x[0, 1].T, beta=0),
    "torch.baddbmm": lambda x: torch.baddbmm(x[0, :, :, :1], x[0], x[0].mT),
    "add": lambda x: x.add(x),
    "add_": lambda x: x.add_(1),
    "mul": lambda x: x.mul(2),
    "torch.mul": lambda x: torch.mul(x, x.mean((2, 3), keepdim=True)),
    "torch.add of a matrix": lambda x: torch.add(x, x[0, 0]),
    "torch.softmax": lambda x: torch.softmax(x, 1),
    "torch.relu": lambda x: torch.relu(x),  # noqa: PLW0108 - by its name
    "attention": lambda x: functional.scaled_dot_product_attention(x, x, x),
    "three dimensions": lambda x: functional.avg_pool3d(functional.max_pool3d(x, 2, ceil_mode=True), 1),
    "softmax": lambda x: functional.softmax(x, 1),
    "gelu by keyword": lambda x: functional.gelu(input=x),
    "torch.add of a channel": lambda x: torch.add(x, x[:, :1]),
    "torch.mul by a number": lambda x: torch.mul(x, 2),
    "+": lambda x: x + x,
    "* of a gate": lambda x: x * x.mean((2, 3), keepdim=True).sigmoid(),
}


class Many(nn.Module):
    """What vision models are made of beyond plain convolutions, in one."""

    def __init__(self):
        super().__init__()
        self.up = nn.Sequential(nn.ConvTranspose2d(3, 8, 4, 2, 1), nn.GroupNorm(2, 8), nn.LeakyReLU())
        self.down = nn.Sequential(nn.Conv2d(8, 6, 3, 2, 1), nn.InstanceNorm2d(6, affine=True), nn.PReLU(6))
        self.wide = nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), nn.Hardswish(), nn.AvgPool2d(4))
        self.head = nn.Sequential(nn.LayerNorm(6), nn.Linear(6, 5), nn.Softmax(-1))

    def forward(self, x):
        x = functional.interpolate(self.wide(self.down(self.up(x))), scale_factor=2)
        x = torch.matmul(x, x.mT).add(x[..., :1])
        return self.head(functional.adaptive_avg_pool2d(x, 1).flatten(1))


def share_modules():
    """A convolution and an activation in several places of the tree."""
    conv, act = nn.Conv2d(3, 3, 1), nn.ReLU()
    return nn.Sequential(conv, act, conv, nn.Sequential(conv, act), nn.Sequential(nn.Sequential(act)))


class Recurrent(nn.Module):
    """A class that the tools count and that is not modelled."""

    def __init__(self):
        super().__init__()
        self.rows = nn.LSTM(33, 4)

    def forward(self, x):
        return self.rows(x[0])


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("shape", [(224, 224), (97, 97), (96, 161)])
@pytest.mark.parametrize("model", ["rexnet_1.0", "rexnet_lite_1.0", "regnetx_200mf", "mobilenet_v2_1.0", "odd"])
def test_a_network_counts_as_much(model, shape, tool, odd):
    module = odd if model == "odd" else create_model(model)
    assert count_under(tool, module, shape).total == measure(tool, module, shape)


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", MODELS)
def test_each_class_counts_as_much(name, tool):
    assert count_under(tool, MODELS[name], SHAPE).total == measure(tool, MODELS[name], SHAPE)


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_counts_as_much(name, tool):
    module = nn.Sequential(Calls(FUNCTIONS[name]))
    assert count_under(tool, module, 32).total == measure(tool, module, (32, 32))


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("shape", [(32, 32), (64, 64)])
def test_they_count_as_much_together(shape, tool):
    assert count_under(tool, Many(), shape).total == measure(tool, Many(), shape)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_module_in_several_places_counts_as_often_as_there(tool):
    assert count_under(tool, share_modules(), 32).total == measure(tool, share_modules(), (32, 32))


@pytest.mark.parametrize("tool", [*TOOLS, "thop_0.0.31"])
def test_what_a_tool_counts_and_this_does_not_is_refused(tool):
    with pytest.raises(InputError, match=r"(thop|ptflops) 0.* counts LSTM, which is not modelled here; got .* 'rows'"):
        count_under(tool, Recurrent(), 33)


def test_where_ptflops_breaks_off_so_does_this():
    module = nn.Sequential(Calls(lambda x: functional.interpolate(x, scale_factor=[2, 3])))
    assert measure("ptflops", module, (32, 32)) is None
    with pytest.raises(InputError, match=r"ptflops breaks off at the scale factors \[2, 3\]"):
        count_under("ptflops", module, 32)


def test_every_class_that_a_tool_knows_has_a_rule_or_is_refused():
    ptflops = pytest.importorskip("ptflops.pytorch_ops")
    check_registry(ptflops.MODULES_MAPPING, ptflops_rules.RULES, ptflops_rules.NOT_MODELLED)
    pytest.importorskip("thop")
    # thop's function of that name hides the module.
    check_registry(sys.modules["thop.profile"].register_hooks, thop_rules.RULES["0.1.1"], thop_rules.NOT_MODELLED)


def check_registry(registry, rules, refused):
    others = {kind for kind in registry if f"{kind.__module__}.{kind.__qualname__}" in refused}
    assert set(registry) == set(rules) | others


def test_every_function_that_ptflops_replaces_has_a_rule():
    tool = pytest.importorskip("ptflops.pytorch_ops")
    known = {getattr(home, name) for home, rules in ptflops_functions.RULES for name in rules}
    assert known == {*tool.FUNCTIONAL_MAPPING, *tool.TENSOR_OPS_MAPPING} - {functional.linear}


def test_the_functions_are_put_back_whatever_happens():
    def names():
        return [(name, vars(home).get(name)) for home, rules in ptflops_functions.RULES for name in rules]

    before = names()
    count_under("ptflops", Many(), 64)
    with pytest.raises(InputError, match="the model must take"):
        count_under("ptflops", nn.Conv2d(1, 3, 1), 32)
    assert names() == before
