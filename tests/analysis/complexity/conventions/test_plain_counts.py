"""Multiply-adds and parameters against the count from the config, what doubles them, and fvcore's own sum."""

import pytest
import torch
from fvcore.nn import FlopCountAnalysis
from torch import nn

from analysis.complexity import count, trace
from analysis.complexity.conventions import count_under
from analysis.complexity.fvcore_counts import fvcore_total
from rexnet_core import create_model

models = pytest.mark.parametrize("model", ["rexnet_1.0", "rexnet_lite_1.0", "regnetx_200mf", "mobilenet_v2_1.0"])


@models
@pytest.mark.parametrize(("convention", "side"), [("macs", 224), ("macs", 97), ("params", 224)])
def test_they_are_those_of_the_config_layer_by_layer(model, convention, side, by_layer):
    expected = {layer.layer: getattr(layer, convention) for layer in count(model, side).layers}
    assert by_layer(count_under(convention, model, side)) == {
        name: amount for name, amount in expected.items() if amount
    }


@models
@pytest.mark.parametrize("side", [224, 97, (96, 161)])
def test_two_per_mac_and_torch_are_double_the_multiply_adds(model, side, by_layer):
    macs = count_under("macs", model, side)
    doubled = {layer: 2 * amount for layer, amount in by_layer(macs).items()}
    assert by_layer(count_under("two_per_mac", model, side)) == doubled
    assert by_layer(count_under("torch", model, side)) == doubled


def test_multiply_adds_are_counted_in_any_module(odd):
    # 3 -> 8 at 32 x 32, 3 x 3; 8 -> 8 in two groups; the classifier.
    by_hand = 32 * 32 * 8 * 3 * 9 + 32 * 32 * 8 * 4 * 9 + 8 * 5
    assert count_under("macs", odd, 64).total == by_hand
    assert count_under("torch", odd, 64).total == 2 * by_hand


def test_torch_lists_what_it_passed_over_only_here():
    assert count_under("torch", "rexnet_1.0", 64).uncounted == (
        *("native_batch_norm x62", "silu x17", "hardtanh x16", "mean x14", "mul x13", "relu x13", "sigmoid x13"),
        "add x11",
    )


def test_parameters_do_not_depend_on_the_image_and_each_kind_has_its_group(odd):
    assert count_under("params", odd, 64).parts == count_under("params", odd, (97, 224)).parts
    assert count_under("params", odd).by_group() == {
        "convolution": 8 * 3 * 9 + 8 * 4 * 9,
        "linear": 40,
        "batch norm": 2 * (8 + 8),
        "bias": 8 + 5,
    }


class Tied(nn.Module):
    """One weight in three layers, a norm in two places, and buffers of one norm in another."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = (nn.Conv2d(3, 3, 3, bias=False) for _ in range(3))
        self.b.weight = self.c.weight = self.a.weight
        self.norm, self.other = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
        self.list = nn.ModuleList([self.norm, self.norm])
        self.other.running_mean, self.other.weight = self.norm.running_mean, self.norm.weight
        self.table, self.head = nn.Embedding(5, 4), nn.Linear(4, 5)
        self.head.weight = self.table.weight
        self.register_buffer("positions", torch.zeros(100))

    def forward(self, x):
        return self.head(self.table(self.other(self.norm(self.c(self.b(self.a(x))))).argmax(1)))


def test_a_tensor_of_several_names_counts_once():
    numbers = sum(parameter.numel() for parameter in Tied().parameters())
    assert numbers == 81 + 6 + 3 + 20 + 5
    assert count_under("params", Tied(), 32).total == trace(Tied(), 32).params == numbers
    assert count_under("params_with_statistics", Tied(), 32).total == numbers + 6 + 3
    assert [part.layer for part in count_under("params", Tied(), 32).parts] == [
        *("a", "norm", "norm", "other", "table", "head")
    ]


def test_statistics_are_those_of_batch_norms_alone():
    module = nn.Sequential(
        nn.LazyBatchNorm2d(), nn.BatchNorm2d(3, affine=False), nn.BatchNorm2d(3, track_running_stats=False)
    )
    assert count_under("params_with_statistics", module, 32).total == (6 + 6) + 6 + 6
    assert count_under("params", module, 32).total == 6 + 6


@models
@pytest.mark.parametrize("side", [224, 97])
def test_the_parts_sum_to_what_fvcore_gives(model, side):
    assert count_under("fvcore", model, side).total == fvcore_total(create_model(model).eval(), side)


def test_the_parts_are_those_of_fvcore_for_a_wide_image_and_any_module(odd):
    analysis = FlopCountAnalysis(odd.eval(), torch.zeros(1, 3, 64, 97))
    analysis.unsupported_ops_warnings(False).tracer_warnings("none")
    counted = count_under("fvcore", odd, (64, 97))
    assert counted.total == analysis.total()
    assert counted.by_operator() == {operator: round(amount) for operator, amount in analysis.by_operator().items()}


def test_activations_are_listed_as_passed_over_by_fvcore():
    assert "silu x17" in count_under("fvcore", "rexnet_1.0", 64).uncounted
