"""Names and options: what is accepted, and what the refusal says."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rexnet_core import model_config, model_info, model_names
from rexnet_core.errors import InputError, UnknownNameError


def test_every_published_name_has_a_config_of_that_name():
    names = model_names()
    assert len(set(names)) == len(names) == 41
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
    efficient = {name: side for name, side in sides.items() if model_info(name).family.startswith("efficientnet")}
    names = [*(f"efficientnet_b{n}" for n in range(4)), *(f"efficientnet_lite{n}" for n in range(3))]
    assert efficient == dict(zip(names, (224, 240, 260, 300, 224, 240, 260), strict=True))
    assert {side for name, side in sides.items() if name not in efficient} == {224}


SLIPS = {
    "rexnet_1..0": "rexnet_1.0",
    "rexnet1.0": "rexnet_1.0",
    "ReXNet_1.0": "rexnet_1.0",
    "rexnet_lit_1.5": "rexnet_lite_1.5",
    "regnetx_3.2": "regnetx_3.2gf",
    "mobilenetv2_1.0": "mobilenet_v2_1.0",
    "rexnet_plane": "rexnet_plain",
    "efficientnet_0": "efficientnet_b0",
    "efficientnet-b2": "efficientnet_b2",
    "efficientnet_b9": "efficientnet_b3",
}
NO_NUMBERS = ("rexnet_nan", "rexnet_inf", "rexnet_", "", "_", "rexnet_1e3", "rexnet_\u0661.0")
OUT_OF_RANGE = ("0", "0.3", "-1.0", "0.0", "21.0", "9" * 400)
OTHER_SPELLINGS = ("1", "1.", "1.00", "01.0", "1.00000000000000000001")


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        *(
            (name, UnknownNameError, f"unknown model '{re.escape(name)}'; did you mean '{nearest}'")
            for name, nearest in SLIPS.items()
        ),
        *((name, UnknownNameError, "unknown model") for name in NO_NUMBERS),
        *(
            (f"rexnet_{width}", InputError, r"must lie between 0.5 and 20; give such a one, published are 0.9")
            for width in OUT_OF_RANGE
        ),
        *(
            (f"rexnet_{spelling}", InputError, r".* is not how this model is spelled; write 'rexnet_1.0'")
            for spelling in OTHER_SPELLINGS
        ),
        (1, InputError, "a model name must be text, not int"),
    ],
)
@pytest.mark.parametrize("read", [model_config, model_info])
def test_wrong_name_is_refused_with_what_to_write(read, name, error, message):
    with pytest.raises(error, match=message):
        read(name)


@given(width=st.floats(0.5, 20))
def test_every_accepted_width_is_spelt_as_python_prints_it(width):
    assert model_info(f"rexnet_{width}").width_mult == width


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        *(
            (option, value, f"{option} must be a whole number from 1 to .*, was {value!r}")
            for option in ("num_classes", "in_channels")
            for value in (0, -1, 1.5, True, "10", 10**9)
        ),
        *(
            ("dropout", value, "dropout must be a number from 0 to below 1")
            for value in (1.0, -0.1, math.nan, "0.2", True)
        ),
        *(("depth_mult", value, "depth_mult must lie between 0.1 and 10") for value in (0, math.inf, 100, "1")),
        ("use_se", 1, "use_se must be True or False, was 1"),
    ],
)
def test_option_out_of_range_is_refused(option, value, message):
    with pytest.raises(InputError, match=message):
        model_config("rexnet_1.0", **{option: value})


def test_squeeze_excite_can_be_left_out():
    assert not any(block.w_se for block in model_config("rexnet_1.0", use_se=False).blocks)


def test_option_of_another_family_is_refused_with_those_there_are():
    with pytest.raises(InputError, match="efficientnet_b0 takes no option 'depth_mult'; it takes num_classes"):
        model_config("efficientnet_b0", depth_mult=1.1)
    with pytest.raises(InputError, match="rexnet_plain takes no option 'use_se'; it takes num_classes, in_channels"):
        model_config("rexnet_plain", use_se=False)
