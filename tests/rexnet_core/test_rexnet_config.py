"""The schedules, against the published widths and costs."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rexnet_core import model_config
from rexnet_core.network_config import make_divisible

WIDTHS = st.integers(5, 40).map(lambda tenths: tenths / 10)


def test_widths_of_rexnet_1_0_are_those_of_the_paper():
    config = model_config("rexnet_1.0")
    assert config.stem.w_out == 32
    assert [block.w_out for block in config.blocks] == [
        *(16, 27, 38, 50, 61, 72, 84, 95, 106, 117, 128, 140, 151, 162, 174, 185)
    ]
    assert config.head.w_conv == 1280


def test_widths_of_rexnet_0_9_keep_the_stem_and_the_first_block():
    config = model_config("rexnet_0.9")
    assert config.stem.w_out == 32
    assert [block.w_out for block in config.blocks] == [
        *(16, 26, 36, 46, 56, 67, 77, 87, 97, 107, 117, 127, 138, 148, 158, 168)
    ]
    assert config.head.w_conv == 1152


def test_strides_of_rexnet_stand_at_the_start_of_its_stages():
    stages = model_config("rexnet_1.0").stages
    assert [[block.stride for block in stage] for stage in stages] == [
        *([1], [2, 1], [2, 1], [2, 1, 1], [1, 1, 1], [2, 1, 1, 1, 1])
    ]


def test_squeeze_excite_starts_at_the_third_stage_and_divides_by_twelve():
    config = model_config("rexnet_1.0")
    assert [block.w_se > 0 for block in config.blocks] == [False] * 3 + [True] * 13
    assert all(block.w_se == block.w_mid // 12 for block in config.blocks[3:])


def test_widths_of_rexnet_plain_give_the_printed_costs():
    config = model_config("rexnet_plain")
    assert [block.w_out for block in config.blocks] == [
        *(96, 144, 192, 240, 288, 336, 384, 432, 480, 528, 576, 624, 1024)
    ]
    assert [block.stride for block in config.blocks] == [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
    assert not any(block.w_shortcut for block in config.blocks)


@pytest.mark.parametrize(
    ("size", "widths", "depths"),
    [
        ("200mf", [24, 56, 152, 368], [1, 1, 4, 7]),
        ("3.2gf", [96, 192, 432, 1008], [2, 6, 15, 2]),
        ("32gf", [336, 672, 1344, 2520], [2, 7, 13, 1]),
    ],
)
def test_regnetx_has_the_stages_of_its_paper(size, widths, depths):
    stages = model_config(f"regnetx_{size}").stages
    assert [stage[0].w_out for stage in stages] == widths
    assert [len(stage) for stage in stages] == depths


def test_groups_of_regnetx_divide_its_widths():
    block = model_config("regnetx_3.2gf").blocks[-1]
    assert (block.w_mid, block.groups) == (1008, 21)


def test_head_of_a_narrow_mobilenet_v2_does_not_shrink():
    assert model_config("mobilenet_v2_0.5").head.w_conv == 1280
    assert model_config("mobilenet_v2_1.4").head.w_conv == 1792


@pytest.mark.parametrize(
    ("size", "stem", "widths", "depths", "head"),
    [
        ("b0", 32, [16, 24, 40, 80, 112, 192, 320], [1, 2, 2, 3, 3, 4, 1], 1280),
        ("b1", 32, [16, 24, 40, 80, 112, 192, 320], [2, 3, 3, 4, 4, 5, 2], 1280),
        ("b2", 32, [16, 24, 48, 88, 120, 208, 352], [2, 3, 3, 4, 4, 5, 2], 1408),
        ("b3", 40, [24, 32, 48, 96, 136, 232, 384], [2, 3, 3, 5, 5, 6, 2], 1536),
    ],
)
def test_efficientnet_grows_in_width_and_depth(size, stem, widths, depths, head):
    config = model_config(f"efficientnet_{size}")
    assert (config.stem.w_out, config.head.w_conv) == (stem, head)
    assert [stage[0].w_out for stage in config.stages] == widths
    assert [len(stage) for stage in config.stages] == depths


def test_kernels_strides_and_dropouts_of_efficientnet_are_those_of_its_paper():
    firsts = [stage[0] for stage in model_config("efficientnet_b3").stages]
    assert [block.kernel for block in firsts] == [3, 3, 5, 3, 5, 5, 3]
    assert [block.stride for block in firsts] == [1, 2, 2, 2, 1, 2, 1]
    dropouts = [model_config(f"efficientnet_{size}").head.dropout for size in ("b0", "b1", "b2", "b3")]
    assert dropouts == [0.2, 0.2, 0.3, 0.3]


def test_squeeze_excite_of_efficientnet_divides_the_input_of_its_block_by_four():
    blocks = model_config("efficientnet_b3").blocks
    assert all(block.w_se == block.w_in // 4 for block in blocks)
    assert [block.w_se for block in blocks[:4]] == [10, 6, 6, 8]
    assert all(block.se_after_act and not block.se_norm and block.act_se == "silu" for block in blocks)
    assert not any(block.se_after_act for block in model_config("rexnet_1.0").blocks)


def test_efficientnet_adds_its_input_only_where_shape_stays():
    for block in model_config("efficientnet_b2").blocks:
        assert block.w_shortcut == (block.w_in if block.stride == 1 and block.w_in == block.w_out else 0)


@given(width=WIDTHS)
def test_rounded_widths_are_multiples_of_eight(width):
    config = model_config(f"rexnetr_{width}")
    assert all(n % 8 == 0 for block in config.blocks for n in (block.w_in, block.w_mid, block.w_out, block.w_se))


@given(width=WIDTHS, family=st.sampled_from(["rexnet", "rexnetr", "rexnet_lite", "mobilenet_v2"]))
def test_blocks_fit_one_another_at_any_width(width, family):
    config = model_config(f"{family}_{width}")
    widths = [config.stem.w_out, *(block.w_out for block in config.blocks)]
    assert [block.w_in for block in config.blocks] == widths[:-1]
    assert config.head.w_in == widths[-1]
    assert all(block.w_shortcut in {0, block.w_in} and block.w_shortcut <= block.w_out for block in config.blocks)


@given(depth=st.floats(0.1, 4))
def test_depth_multiplier_rounds_blocks_up_and_keeps_the_last_width_near(depth):
    stages = model_config("rexnet_1.0", depth_mult=depth).stages
    assert [len(stage) for stage in stages] == [ceil(n * depth) for n in (1, 2, 2, 3, 3, 5)]
    assert stages[-1][-1].w_out == round(16 + 180 * (1 - 1 / sum(map(len, stages))))


@given(value=st.floats(1, 1e5), divisor=st.integers(1, 64))
def test_divisible_width_loses_at_most_a_tenth(value, divisor):
    width = make_divisible(value, divisor)
    assert width % divisor == 0
    assert width >= 0.9 * value
    assert abs(width - value) <= max(divisor, 0.1 * value)
