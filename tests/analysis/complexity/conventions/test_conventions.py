"""What every convention holds, whatever it counts."""

import json

import pytest
import torch
from torch import nn

from analysis.complexity.conventions import CONVENTIONS, GROUPS, count_under, from_dict
from rexnet_core import create_model
from rexnet_core.errors import InputError, UnknownNameError

SHAPES = (224, 97, (96, 161))
#: A conversion takes seconds: these are shown on a whole network and on the odd model at one shape each.
CONVERTED = {name for name in CONVENTIONS if name.startswith("openvino")}
NAMED = (
    *(("rexnet_1.0", shape) for shape in SHAPES),
    *zip(("rexnet_lite_1.0", "regnetx_200mf", "mobilenet_v2_1.0"), SHAPES, strict=True),
)
CASES = [
    *((model, shape, name) for model, shape in NAMED for name in CONVENTIONS if name not in CONVERTED),
    *(("rexnet_lite_1.0", (64, 97), name) for name in sorted(CONVERTED)),
    *(("odd", shape, name) for shape in SHAPES for name in CONVENTIONS if name not in CONVERTED or shape == SHAPES[-1]),
]


@pytest.mark.parametrize(("model", "shape", "convention"), CASES)
def test_parts_have_a_place_a_group_and_an_amount(model, shape, convention, odd):
    counted = count_under(convention, odd if model == "odd" else model, shape)
    with torch.device("meta"):
        places = {name for name, _ in (odd if model == "odd" else create_model(model)).named_modules()}
    assert counted.convention == convention
    assert counted.model == ("Odd" if model == "odd" else model)
    assert (counted.height, counted.width) == (shape if isinstance(shape, tuple) else (shape, shape))
    assert counted.parts
    assert all(part.layer in places for part in counted.parts if part.group != "preprocessing")
    assert all(part.group in GROUPS for part in counted.parts)
    assert all(type(part.amount) is int and part.amount > 0 for part in counted.parts)
    sums = (counted.by_operator(), counted.by_group())
    assert {sum(one.values()) for one in sums} == {counted.total} == {sum(part.amount for part in counted.parts)}
    assert from_dict(json.loads(json.dumps(counted.as_dict()))) == counted


@pytest.mark.parametrize("convention", [name for name, one in CONVENTIONS.items() if one.quantity == "operations"])
def test_what_nobody_has_a_rule_for_is_told(convention, odd):
    uncounted = {entry.lower() for entry in count_under(convention, odd, 64).uncounted}
    assert "atan x1" in uncounted


@pytest.mark.parametrize("convention", sorted(CONVENTIONS.keys() - CONVERTED | {"openvino"}))
def test_the_module_keeps_its_weights_its_modes_and_its_hooks(convention, odd):
    odd.train()
    odd.act.eval()
    before = {name: tensor.clone() for name, tensor in odd.state_dict().items()}
    count_under(convention, odd, 64)
    after = odd.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert [child.training for child in odd.modules()].count(False) == 1
    assert not any(child._forward_hooks or child._forward_pre_hooks for child in odd.modules())
    assert not any(parameter.is_meta for parameter in odd.parameters())


@pytest.mark.parametrize("convention", sorted(CONVENTIONS.keys() - CONVERTED - {"fvcore"}))
def test_named_and_built_models_count_alike(convention):
    named = count_under(convention, "rexnet_lite_1.0", 64)
    assert named.parts == count_under(convention, create_model("rexnet_lite_1.0"), 64).parts


def test_a_wider_image_costs_as_much_as_a_higher_one(odd):
    for convention in CONVENTIONS.keys() - CONVERTED:
        assert count_under(convention, odd, (64, 96)).total == count_under(convention, odd, (96, 64)).total


def test_an_unknown_convention_offers_the_nearest():
    with pytest.raises(UnknownNameError, match="unknown convention 'ptflop'; did you mean 'ptflops'"):
        count_under("ptflop", "rexnet_1.0")


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize(
    ("model", "shape", "message"),
    [
        ("rexnt_1.0", 224, "did you mean 'rexnet_1.0'"),
        ("rexnet_1.0", 7, "resolution must be a whole number of pixels"),
        ("rexnet_1.0", (224, 7), "resolution must be a whole number of pixels"),
        ("rexnet_1.0", (224, 224, 3), "an input has a height and a width"),
    ],
)
def test_what_a_caller_gets_wrong_is_said(convention, model, shape, message):
    with pytest.raises(InputError, match=message):
        count_under(convention, model, shape)


@pytest.mark.parametrize("convention", sorted(CONVENTIONS.keys() - {"params", "params_with_statistics"}))
def test_a_model_for_images_of_another_kind_is_refused_in_one_line(convention):
    with pytest.raises(
        InputError, match=r"^the model must take \(1, 3, H, W\) at resolution 32; it gave .*channel"
    ) as one:
        count_under(convention, nn.Conv2d(1, 3, 1), 32)
    assert "\n" not in str(one.value)


@pytest.mark.parametrize("convention", sorted(CONVENTIONS.keys() - CONVERTED))
def test_a_model_without_numbers_costs_nothing(convention):
    assert count_under(convention, nn.Flatten(), 32).total == 0


def test_each_says_what_it_counts():
    for name, one in CONVENTIONS.items():
        assert one.name == name
        assert one.quantity in {"operations", "parameters"}
        assert all((one.title, one.unit, one.counts, one.leaves_out, one.source))
