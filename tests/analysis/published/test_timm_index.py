"""Every number of timm's model index for the families we have, to the last digit."""

import pytest

from analysis.complexity import count
from analysis.complexity.conventions import from_dict
from analysis.complexity.conventions.thop_counter import count_as_thop
from analysis.published import load, timm_index
from analysis.published.conditions import read_input
from analysis.published.timm_index import count_as_timm_index, covers, image_shape
from rexnet_core.errors import InputError

#: The ``FLOPs`` of the index, as printed: those of EfficientNet B2 and B3 at two sides each.
ROWS = [row for row in load() if row.source.startswith("timm") and row.metric == "flops"]
#: Those of the models at their own sides.
PRINTED = {row.model: int(row.value) for row in ROWS if "a, FLOPs" not in row.locator}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.locator)
def test_the_printed_number_comes_out_to_the_last_digit(row):
    counted = count_as_timm_index(row.model, read_input(row).side)
    assert counted.total == int(row.value)
    assert counted.convention == "timm_index"
    assert from_dict(counted.as_dict()) == counted


def test_every_printed_model_is_covered():
    assert (len(ROWS), len(PRINTED)) == (24, 22)
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
