"""What thop 0.0.31 printed, and how 0.1.1 differs, which test_registries holds to the tool."""

import pytest
from torch import nn

from analysis.complexity.conventions import count_under
from analysis.complexity.conventions.thop_counter import count_as_thop
from rexnet_core import create_model


@pytest.mark.parametrize(
    ("model", "total"),
    [
        ("rexnet_1.0", 413_306_225),
        ("mobilenet_v2_1.0", 314_194_496),
        ("rexnet_lite_1.0", 422_172_400),
        ("regnetx_200mf", 203_384_384),
    ],
)
def test_release_0_0_31_gave_these(model, total):
    assert count_under("thop_0.0.31", model).total == total


def test_the_releases_differ_by_biases_and_two_per_element_of_norms():
    old, new = (count_under(name, "rexnet_1.0") for name in ("thop_0.0.31", "thop"))
    biases = sum(
        child.bias.numel()
        for name, child in create_model("rexnet_1.0").named_modules()
        if isinstance(child, nn.Conv2d) and child.bias is not None
    )
    assert new.by_group()["batch norm"] == 2 * old.by_group()["batch norm"]
    assert old.by_group()["convolution"] - new.by_group()["convolution"] == biases


def test_a_subclassed_norm_is_not_seen_but_listed(odd):
    counted = count_under("thop", odd, 64)
    assert "subclassed" not in {part.layer for part in counted.parts}
    assert "native_batch_norm x1" in counted.uncounted


def test_a_norm_without_scale_counts_half():
    plain, affine = (
        count_under("thop", nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4, affine=affine)), 32)
        for affine in (False, True)
    )
    assert 2 * plain.by_group()["batch norm"] == affine.by_group()["batch norm"] == 4 * 4 * 32 * 32


def test_what_was_a_subclass_elsewhere_can_be_left_unseen():
    def unseen(_name, module):
        return isinstance(module, nn.Linear)

    whole = count_as_thop("rexnet_1.0", 64, release="0.0.31")
    less = count_as_thop("rexnet_1.0", 64, release="0.0.31", unseen=unseen)
    assert whole.total - less.total == 1_280_000
    assert "addmm x1" in less.uncounted
    assert "addmm x1" not in whole.uncounted


def test_release_0_0_31_does_not_count_the_module_it_is_given_itself():
    module = nn.Conv2d(3, 4, 1)
    assert count_under("thop", module, 32).total == 3 * 4 * 32 * 32
    assert count_under("thop_0.0.31", module, 32).total == 0


@pytest.mark.parametrize(
    ("module", "amount"),
    [
        (nn.ConvTranspose2d(3, 6, 4, 2, 1), 6 * 68 * 66 * (3 * 16 + 1)),
        (nn.BatchNorm2d(3), 2 * 3 * 34 * 33),
        (nn.LayerNorm([33]), 0),
        (nn.PReLU(), 0),
        (nn.Softmax(1), 0),
        (nn.LeakyReLU(), 3 * 34 * 33),
        (nn.AvgPool2d(2), 3 * 17 * 16),
        (nn.AdaptiveAvgPool2d(7), (4 * 4 + 1) * 3 * 49),
        (nn.Upsample(scale_factor=2), 0),
        (nn.Upsample(scale_factor=2, mode="bilinear"), 11 * 3 * 68 * 66),
    ],
)
def test_release_0_0_31_counts_classes_by_its_own_rules(module, amount):
    assert count_under("thop_0.0.31", nn.Sequential(module), (34, 33)).total == amount
