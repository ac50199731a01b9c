"""The points of our networks, and patterns over any module."""

import pytest
import torch
from torch import nn

from analysis.rank.network.taps import find_taps, network_taps
from rexnet_core import create_model
from rexnet_core.errors import InputError, UnknownNameError

ONE_OF_EACH_FAMILY = (
    *("rexnet_1.0", "rexnet_lite_1.0", "rexnet_plain"),
    *("mobilenet_v2_1.0", "regnetx_200mf", "efficientnet_b0"),
)


def build(name):
    with torch.device("meta"):
        return create_model(name)


def points_of(name, block):
    return [tap.point for tap in network_taps(build(name)) if tap.block == block]


def test_the_points_of_each_kind_of_block():
    whole = ["input", "expand", "act", "depthwise", "se", "act2", "project"]
    assert points_of("rexnet_1.0", "stage1.block1") == ["input", "depthwise", "act2", "project"]
    assert points_of("rexnet_1.0", "stage3.block1") == whole
    assert points_of("rexnet_1.0", "stage3.block2") == [*whole, "add"]
    assert points_of("mobilenet_v2_1.0", "stage2.block2") == [*(one for one in whole if one != "se"), "add"]
    assert points_of("rexnet_plain", "stage2.block1") == ["input", "depthwise", "project", "out"]
    last = ["input", "expand", "act", "depthwise", "act2", "se", "project"]
    assert points_of("efficientnet_b0", "stage2.block2") == [*last, "add"]
    residual = ["input", "expand", "act", "depthwise", "act2", "project", "add", "out"]
    assert points_of("regnetx_200mf", "stage1.block1") == residual


@pytest.mark.parametrize("name", ONE_OF_EACH_FAMILY)
def test_every_tap_has_its_own_name_and_a_module_that_exists(name):
    model = build(name)
    taps = network_taps(model)
    assert len({tap.name for tap in taps}) == len(taps)
    modules = dict(model.named_modules())
    assert all(tap.module in modules for tap in taps)
    seen = set()
    for tap in taps:
        assert not tap.same_as or tap.same_as in seen
        seen.add(tap.name)


def test_squeeze_excite_is_tapped_on_request():
    model = build("rexnet_1.0")
    assert not [tap for tap in find_taps(model) if tap.point == "se"]
    assert len(find_taps(model, ["*.se"])) == 13


def test_the_hidden_layer_of_lite_is_a_tap():
    assert network_taps(build("rexnet_lite_1.0"))[-1].name == "hidden"


def test_patterns_select_in_the_order_of_the_network_and_once():
    taps = find_taps(build("rexnet_1.0"), ["penultimate*", "stage2.block2.*", "stage2.block2.add"])
    names = [tap.name for tap in taps]
    assert names[0] == "stage2.block2.input"
    assert names[-2:] == ["penultimate", "penultimate.pooled"]
    assert len(set(names)) == len(names)


def test_an_alias_whose_original_is_not_chosen_stands_alone():
    [tap] = find_taps(build("rexnet_1.0"), ["stage3.block1.input"])
    assert not tap.same_as
    both = find_taps(build("rexnet_1.0"), ["stage3.block1.input", "stage2.block2.add"])
    assert both[1].same_as == "stage2.block2.add"


@pytest.fixture
def small():
    return nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2), nn.Dropout())


def test_layers_with_numbers_of_their_own_are_the_default(small):
    taps = find_taps(small)
    assert [tap.name for tap in taps] == ["0", "1", "3"]
    assert [tap.channels_last for tap in taps] == [False, False, True]


def test_module_patterns_take_sides(small):
    [entry, pooled, last] = find_taps(small, ["1:input", "0:pooled", "1:last"])
    assert (entry.name, entry.module, entry.side) == ("1:input", "1", "input")
    assert (pooled.name, pooled.pooling) == ("0:pooled", "pooled")
    assert last.channels_last


def test_what_fits_nothing_is_told_with_the_nearest_name(small):
    with pytest.raises(UnknownNameError, match=r"unknown tap 'stage3.block1.expnd'; did you mean 'stage3.block1.exp"):
        find_taps(build("rexnet_1.0"), ["stage3.block1.expnd"])
    with pytest.raises(UnknownNameError, match=r"option of a tap 'inptu'; did you mean 'input'\?"):
        find_taps(small, ["1:inptu"])
    with pytest.raises(InputError, match="name modules to tap"):
        find_taps(nn.Flatten())
