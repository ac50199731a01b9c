"""Every number of timm's model index for the families we have, to the last digit."""

import pytest

from analysis.complexity import count
from analysis.complexity.conventions import from_dict
from analysis.complexity.conventions.thop_counter import count_as_thop
from analysis.published import timm_index
from analysis.published.timm_index import count_as_timm_index, covers, image_shape
from rexnet_core.errors import InputError

#: The ``FLOPs`` of the index, as printed.
PRINTED = {
    "rexnet_1.0": 509_989_377,
    "rexnet_1.3": 848_364_461,
    "rexnet_1.5": 1_122_374_469,
    "rexnet_2.0": 1_960_224_938,
    "mobilenet_v2_1.0": 401_920_448,
    "mobilenet_v2_1.4": 770_196_784,
    "regnetx_200mf": 255_276_032,
    "regnetx_400mf": 510_619_136,
    "regnetx_600mf": 771_659_136,
    "regnetx_800mf": 1_027_038_208,
    "regnetx_1.6gf": 2_059_337_856,
    "regnetx_3.2gf": 4_082_555_904,
    "regnetx_4.0gf": 5_095_167_744,
    "regnetx_6.4gf": 8_303_405_824,
    "regnetx_8.0gf": 10_276_726_784,
    "regnetx_12gf": 15_536_378_368,
    "regnetx_16gf": 20_491_740_672,
    "regnetx_32gf": 40_798_958_592,
    "efficientnet_b0": 511_241_564,
    "efficientnet_b1": 909_691_920,
    "efficientnet_b2": 1_265_324_514,
    "efficientnet_b3": 2_327_905_920,
}


@pytest.mark.parametrize("model", PRINTED)
def test_the_printed_number_comes_out_to_the_last_digit(model):
    counted = count_as_timm_index(model)
    assert counted.total == PRINTED[model]
    assert counted.convention == "timm_index"
    assert from_dict(counted.as_dict()) == counted


def test_it_covers_what_it_gives():
    assert all(covers(model) for model in PRINTED)


def test_no_rule_is_idle():
    """Without the wide image, or with timm's subclasses seen, the number is another."""
    wide = image_shape(224)
    assert count_as_thop("rexnet_1.0", 224, release="0.0.31").total == 413_306_225
    assert count_as_thop("rexnet_1.0", wide, release="0.0.31").total > PRINTED["rexnet_1.0"]
    assert count_as_timm_index("rexnet_1.0").total > count("rexnet_1.0", 224).macs


@pytest.mark.parametrize(("side", "longer"), [(224, 285), (240, 305), (260, 331), (300, 382)])
def test_the_picture_keeps_its_ratio(side, longer):
    assert image_shape(side) == (side, longer)


def test_the_ratio_of_its_sides_is_bound_by_the_printed_numbers(monkeypatch):
    """A picture that is 0.2 % narrower or wider misses one of the numbers."""

    def missed(longer):
        monkeypatch.setattr(timm_index, "PICTURE", (longer, 10_000))
        sized = ("rexnet_1.0", "efficientnet_b1", "efficientnet_b2", "efficientnet_b3")
        return [model for model in sized if count_as_timm_index(model).total != PRINTED[model]]

    assert missed(12_731) == missed(12_745) == missed(12_766) == []
    assert missed(12_730) == ["efficientnet_b2"]
    assert missed(12_767) == ["efficientnet_b3"]


def test_a_stated_side_is_the_shorter_one():
    counted = count_as_timm_index("rexnet_1.0", 96)
    assert (counted.height, counted.width) == (96, 122)


@pytest.mark.parametrize("model", ["rexnet_lite_1.0", "rexnetr_1.0", "rexnet_plain"])
def test_a_family_the_index_was_not_matched_for_is_refused(model):
    assert not covers(model)
    with pytest.raises(InputError, match=f"rexnet, regnetx, mobilenet_v2, efficientnet, got '{model}'"):
        count_as_timm_index(model)
