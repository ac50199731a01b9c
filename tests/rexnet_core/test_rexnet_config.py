"""The schedules, against the published widths and costs."""

import json
from math import ceil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.complexity import count
from rexnet_core import model_config
from rexnet_core.network_config import make_divisible

WIDTHS = st.integers(5, 40).map(lambda tenths: tenths / 10)


ARCHITECTURES = json.loads((Path(__file__).parent / "data/architectures.json").read_text())


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_widths_depths_and_strides_are_those_of_the_papers(name):
    config = model_config(name)
    architecture = {
        "stem": config.stem.w_out,
        "widths": [block.w_out for block in config.blocks],
        "strides": [block.stride for block in config.blocks],
        "stage_widths": [stage[0].w_out for stage in config.stages],
        "stage_depths": [len(stage) for stage in config.stages],
        "head": config.head.w_conv,
    }
    assert architecture.items() >= ARCHITECTURES[name].items()


def test_rexnet_plain_has_no_shortcut_and_groups_of_regnetx_divide_its_widths():
    assert not any(block.w_shortcut for block in model_config("rexnet_plain").blocks)
    block = model_config("regnetx_3.2gf").blocks[-1]
    assert (block.w_mid, block.groups) == (1008, 21)


def test_squeeze_excite_starts_at_the_third_stage_and_divides_by_twelve():
    config = model_config("rexnet_1.0")
    assert [block.w_se > 0 for block in config.blocks] == [False] * 3 + [True] * 13
    assert all(block.w_se == block.w_mid // 12 for block in config.blocks[3:])


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


def public_widths(width, depth, final):
    """The widths of the public code, which adds the step to the width before it; block by block, in double precision.

    Source: clovaai/rexnet rexnetv1.py and rexnetv1_lite.py at 61debcc, timm 1.0.31 rexnet.py.
    """
    blocks = sum(ceil(layers * depth) for layers in (1, 2, 2, 3, 3, 5))
    inplanes, widths = 16 / width if width < 1.0 else 16, []
    for _ in range(blocks):
        widths.append(round(inplanes * width))
        inplanes += final / (blocks if final == 180 else blocks - 1)
    return widths


def rounded(value, divisor):
    nearest = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < 0.9 * value else nearest


def widths_of(name, **options):
    return [block.w_out for block in model_config(name, **options).blocks]


def test_every_width_of_two_decimals_is_the_public_network():
    """A product rounds other than the sum at 0.6 alone of these; which width it is depends on the constants."""
    for width in (hundredths / 100 for hundredths in range(50, 2001)):
        assert widths_of(f"rexnet_{width}") == public_widths(width, 1.0, 180)
        divisor = 16 if width == 3.0 else 8
        assert widths_of(f"rexnetr_{width}") == [rounded(w, divisor) for w in public_widths(width, 1.0, 180)]
        assert widths_of(f"rexnet_lite_{width}") == [rounded(w, 8) for w in public_widths(width, 1.0, 164)]


def test_every_depth_multiplier_gives_the_public_widths():
    for width in (hundredths / 100 for hundredths in range(50, 301, 5)):
        for depth in (hundredths / 100 for hundredths in range(25, 401, 25)):
            assert widths_of(f"rexnet_{width}", depth_mult=depth) == public_widths(width, depth, 180)


def test_squeeze_excite_is_as_wide_in_both_public_libraries_at_every_width():
    """One divides by twelve, the other multiplies with a twelfth, which is no binary number."""
    for width in (hundredths / 100 for hundredths in range(50, 2001)):
        blocks = [block for block in model_config(f"rexnet_{width}").blocks if block.w_se]
        assert all(block.w_se == block.w_mid // 12 == int(block.w_mid * (1 / 12)) for block in blocks)


def test_narrow_rexnet_has_the_public_number_of_parameters():
    assert widths_of("rexnet_0.6")[10:15] == [84, 90, 97, 104, 111]
    assert count("rexnet_0.6").params == 2_289_825


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
