import pytest

from analysis.rank.layers.setting import LayerSetting
from rexnet_core.errors import InputError


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ratios": (0.0,)}, "above 0 and at most 1; got 0"),
        ({"ratios": (0.5, 1.2)}, "above 0 and at most 1; got 0.5, 1.2"),
        ({"ratios": ()}, "above 0 and at most 1"),
        ({"ratios": (float("nan"),)}, "above 0 and at most 1"),
        ({"activations": ("SILU",)}, "unknown activation 'SILU'; did you mean 'SiLU'"),
        ({"activations": ()}, "at least one activation is needed"),
        ({"blocks": ("conv2x2",)}, "unknown block 'conv2x2'; did you mean"),
        ({"blocks": ("conv1x1", "conv1x1")}, "each block can be studied once"),
        ({"norm": "batch"}, "unknown norm 'batch'"),
        ({"d_out": (100, 10)}, "d_out must be a range within"),
        ({"d_out": (1, 10)}, "d_out must be a range within"),
        ({"d_out": (10, 10**6)}, "d_out must be a range within"),
        ({"rows": "4 x"}, "rows are written such as 4x"),
        ({"rows": "50"}, "N must exceed d_out; 50 gives 50 rows at 100"),
        ({"rows": "d+0"}, "N must exceed d_out"),
        ({"rows": "1x"}, "N must exceed d_out"),
        ({"spatial": 0}, "spatial must be a whole number from 1"),
        ({"networks": 1}, "networks must be a whole number from 2"),
        ({"expansion": (3.0, 1.0)}, "expansion must be a range"),
        ({"target_se": -1.0}, "target standard error"),
        ({"target_se": float("nan")}, "target standard error"),
        ({"seed": -1}, "seed must not be negative"),
        ({"tolerances": ("numpy", "rel:7")}, "from 0 to below 1"),
        ({"tolerances": ("certified",)}, "computes its features once"),
        ({"tolerances": ("rel:0.1",)}, "primary metric must be among those computed"),
        ({"centrings": ("centred",)}, "primary metric must be among those computed"),
        ({"reference": "relu"}, "unknown activation 'relu'"),
    ],
)
def test_what_no_study_can_be_made_of_is_refused_in_one_line(changes, message):
    with pytest.raises(InputError, match=message) as caught:
        LayerSetting(**changes)
    assert "\n" not in str(caught.value)


def test_a_setting_survives_storage():
    setting = LayerSetting(d_out=(20, 30), expansion=(0.0, 4.0), ratios=(0.5,))
    assert LayerSetting.from_dict(setting.as_dict()) == setting


def test_an_unknown_parameter_is_named():
    with pytest.raises(InputError, match="unknown parameter 'rowz'; did you mean 'rows'"):
        LayerSetting.from_dict({"rowz": "4x"})


@pytest.mark.parametrize(
    ("rows", "spatial", "expected"), [("4x", 1, 40), ("d+1", 1, 11), ("1024", 1, 1024), ("1.5x", 1, 15), ("4x", 3, 45)]
)
def test_rows_follow_their_rule_and_fill_whole_maps(rows, spatial, expected):
    assert LayerSetting(rows=rows, spatial=spatial, d_out=(10, 10)).rows_for(10) == expected


def test_input_channels_are_the_nearest_number_and_at_least_one():
    assert [LayerSetting.d_in(ratio, 30) for ratio in (0.01, 0.05, 0.1, 0.5, 1.0)] == [1, 2, 3, 15, 30]
