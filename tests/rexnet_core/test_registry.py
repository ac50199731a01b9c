"""Names and options: what is accepted, and what the refusal says."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rexnet_core import model_config, model_info, model_names
from rexnet_core.errors import InputError, UnknownNameError


def test_every_published_name_has_a_config_of_that_name():
    names = model_names()
    assert len(set(names)) == len(names) == 38
    assert [model_config(name).name for name in names] == list(names)


def test_info_says_family_width_side_and_source():
    info = model_info("rexnet_lite_1.5")
    assert (info.family, info.width_mult, info.resolution) == ("rexnet_lite", 1.5, 224)
    assert "rexnetv1_lite.py" in info.source
    assert model_info("regnetx_3.2gf").width_mult is None
    assert model_info("rexnet_plain").family == "rexnet_plain"
    assert "1905.11946" in model_info("efficientnet_b0").source


def test_efficientnets_have_native_sides_of_their_own_and_all_others_224():
    sides = {name: model_info(name).resolution for name in model_names()}
    efficient = {name: side for name, side in sides.items() if model_info(name).family == "efficientnet"}
    assert efficient == dict(zip([f"efficientnet_b{n}" for n in range(4)], (224, 240, 260, 300), strict=True))
    assert {side for name, side in sides.items() if name not in efficient} == {224}


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("rexnet_1..0", "rexnet_1.0"),
        ("rexnet1.0", "rexnet_1.0"),
        ("ReXNet_1.0", "rexnet_1.0"),
        ("rexnet_lit_1.5", "rexnet_lite_1.5"),
        ("regnetx_3.2", "regnetx_3.2gf"),
        ("mobilenetv2_1.0", "mobilenet_v2_1.0"),
        ("rexnet_plane", "rexnet_plain"),
        ("efficientnet_0", "efficientnet_b0"),
        ("efficientnet-b2", "efficientnet_b2"),
        ("efficientnet_b9", "efficientnet_b3"),
    ],
)
def test_typing_slip_is_answered_with_the_nearest_name(name, nearest):
    with pytest.raises(UnknownNameError, match=f"unknown model '{re.escape(name)}'; did you mean '{nearest}'"):
        model_config(name)


@pytest.mark.parametrize("name", ["rexnet_nan", "rexnet_inf", "rexnet_", "", "_", "rexnet_1e3", "rexnet_\u0661.0"])
def test_width_that_is_no_number_is_an_unknown_name(name):
    with pytest.raises(UnknownNameError, match="unknown model"):
        model_config(name)


@pytest.mark.parametrize("width", ["0", "0.3", "-1.0", "0.0", "21.0", "9" * 400])
def test_width_out_of_range_is_refused_with_the_range(width):
    with pytest.raises(InputError, match=r"must lie between 0.5 and 20; give such a one, published are 0.9"):
        model_config(f"rexnet_{width}")


@pytest.mark.parametrize("spelling", ["1", "1.", "1.00", "01.0", "1.00000000000000000001"])
def test_a_model_has_one_spelling(spelling):
    with pytest.raises(InputError, match=r"a model has one spelling, .* is not it; write 'rexnet_1.0'"):
        model_info(f"rexnet_{spelling}")


@given(width=st.floats(0.5, 20))
def test_every_accepted_width_is_spelt_as_python_prints_it(width):
    assert model_info(f"rexnet_{width}").width_mult == width


def test_name_that_is_no_text_is_refused():
    with pytest.raises(InputError, match="a model name must be text, not int"):
        model_config(1)


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "10", 10**9])
@pytest.mark.parametrize("option", ["num_classes", "in_channels"])
def test_counts_must_be_whole_numbers(option, value):
    with pytest.raises(InputError, match=f"{option} must be a whole number from 1 to .*, was {value!r}"):
        model_config("rexnet_1.0", **{option: value})


@pytest.mark.parametrize("value", [1.0, -0.1, float("nan"), "0.2", True])
def test_dropout_must_be_a_probability_below_one(value):
    with pytest.raises(InputError, match="dropout must be a number from 0 to below 1"):
        model_config("rexnet_1.0", dropout=value)


@pytest.mark.parametrize("value", [0, float("inf"), 100, "1"])
def test_depth_multiplier_must_be_in_range(value):
    with pytest.raises(InputError, match=r"depth_mult must lie between 0.1 and 10"):
        model_config("rexnet_1.0", depth_mult=value)


def test_squeeze_excite_is_on_or_off():
    assert not any(block.w_se for block in model_config("rexnet_1.0", use_se=False).blocks)
    with pytest.raises(InputError, match="use_se must be True or False, was 1"):
        model_config("rexnet_1.0", use_se=1)


def test_option_of_another_family_is_refused_with_those_there_are():
    with pytest.raises(InputError, match="efficientnet_b0 takes no option 'depth_mult'; it takes num_classes"):
        model_config("efficientnet_b0", depth_mult=1.1)
    with pytest.raises(InputError, match="rexnet_plain takes no option 'use_se'; it takes num_classes, in_channels"):
        model_config("rexnet_plain", use_se=False)
