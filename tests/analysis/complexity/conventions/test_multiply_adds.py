"""Multiply-adds by tracing against the count from the config, and what doubles them."""

import pytest

from analysis.complexity import count
from analysis.complexity.conventions import count_under

MODELS = ("rexnet_1.0", "rexnet_lite_1.0", "regnetx_200mf", "mobilenet_v2_1.0")


@pytest.mark.parametrize("side", [224, 97])
@pytest.mark.parametrize("model", MODELS)
def test_they_are_those_of_the_config_layer_by_layer(model, side, by_layer):
    ours = {layer.layer: layer.macs for layer in count(model, side).layers if layer.macs}
    assert by_layer(count_under("macs", model, side)) == ours


@pytest.mark.parametrize("side", [224, 97, (96, 161)])
@pytest.mark.parametrize("model", MODELS)
def test_two_per_mac_and_torch_are_their_double(model, side, by_layer):
    macs = count_under("macs", model, side)
    doubled = {layer: 2 * amount for layer, amount in by_layer(macs).items()}
    assert by_layer(count_under("two_per_mac", model, side)) == doubled
    assert by_layer(count_under("torch", model, side)) == doubled


def test_they_are_the_same_in_a_module_of_ones_own(odd):
    # 3 -> 8 at 32 x 32, 3 x 3; 8 -> 8 in two groups; the classifier.
    by_hand = 32 * 32 * 8 * 3 * 9 + 32 * 32 * 8 * 4 * 9 + 8 * 5
    assert count_under("macs", odd, 64).total == by_hand
    assert count_under("torch", odd, 64).total == 2 * by_hand


def test_torch_tells_only_here_what_it_passed_over():
    assert count_under("torch", "rexnet_1.0", 64).uncounted == (
        *("native_batch_norm x62", "silu x17", "hardtanh x16", "mean x14", "mul x13", "relu x13", "sigmoid x13"),
        "add x11",
    )
