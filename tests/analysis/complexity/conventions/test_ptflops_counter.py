"""ptflops' numbers against the tool itself."""

import contextlib
import io

import pytest
import torch
from ptflops import get_model_complexity_info
from torch import nn
from torch.nn import functional

from analysis.complexity.conventions import count_under
from rexnet_core import create_model


def measured(module, shape):
    with contextlib.redirect_stdout(io.StringIO()):
        total, _ = get_model_complexity_info(
            module, (3, *shape), as_strings=False, print_per_layer_stat=False, backend="pytorch"
        )
    return total


@pytest.mark.parametrize("shape", [(224, 224), (97, 97), (96, 161)])
@pytest.mark.parametrize("model", ["rexnet_1.0", "rexnet_lite_1.0", "regnetx_200mf", "mobilenet_v2_1.0", "odd"])
def test_it_gives_the_same(model, shape, odd):
    module = odd if model == "odd" else create_model(model)
    assert count_under("ptflops", module, shape).total == measured(module, shape)


@pytest.mark.parametrize("kind", [nn.ReLU, nn.ELU, nn.GELU, nn.PReLU, nn.ReLU6, nn.SiLU, nn.Sigmoid, nn.Hardswish])
def test_each_activation_is_met_as_often(kind):
    module = nn.Sequential(nn.Conv2d(3, 4, 1), kind())
    assert count_under("ptflops", module, 32).total == measured(module, (32, 32))


@pytest.mark.parametrize(
    "pool",
    [nn.MaxPool2d(2), nn.AvgPool2d(3, 2), nn.AdaptiveAvgPool2d(1), nn.AdaptiveAvgPool2d(7), nn.AdaptiveMaxPool2d(1)],
)
def test_each_pooling_is_met_as_often(pool):
    module = nn.Sequential(nn.Conv2d(3, 4, 1), pool)
    assert count_under("ptflops", module, 33).total == measured(module, (33, 33))


class Calls(nn.Module):
    """A convolution, then one function."""

    def __init__(self, function):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.function = function

    def forward(self, x):
        return self.function(self.conv(x))


@pytest.mark.parametrize(
    "function",
    [
        *(
            lambda x, name=name: getattr(functional, name)(x)
            for name in ("relu", "relu6", "elu", "gelu", "silu", "hardswish")
        ),
        *(
            lambda x, name=name: getattr(functional, name)(x, 2)
            for name in ("max_pool2d", "avg_pool2d", "adaptive_avg_pool2d")
        ),
        lambda x: functional.softmax(x, 1),
        lambda x: functional.gelu(input=x),
        lambda x: torch.add(x, x[:, :1]),
        lambda x: torch.mul(x, 2),
        lambda x: x + x,
        lambda x: x * x.mean((2, 3), keepdim=True).sigmoid(),
    ],
)
def test_functions_and_operators_are_met_as_often(function):
    module = Calls(function)
    assert count_under("ptflops", module, 32).total == measured(module, (32, 32))


def test_a_function_is_booked_to_the_module_that_called_it(odd):
    parts = count_under("ptflops", odd, 64).parts
    called = {(part.layer, part.operator) for part in parts if part.layer == ""}
    assert ("act", "relu") in {(part.layer, part.operator) for part in parts}
    assert called == {("", name) for name in ("relu", "add", "max_pool2d", "gelu", "adaptive_avg_pool2d", "softmax")}


def test_it_tells_the_operators_it_passed_over(odd):
    assert set(count_under("ptflops", odd, 64).uncounted) == {"atan x1", "mul x1", "native_batch_norm x1"}
