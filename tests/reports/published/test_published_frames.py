from __future__ import annotations

import math
from typing import Any

import pytest

from analysis.study import Study
from reports.published.amounts import show_ours, show_printed
from reports.report import build_frames
from rexnet_core.errors import InputError


def frames_of(document: dict[str, Any]) -> Any:
    return build_frames("published", Study.from_dict(document))


def test_a_row_keeps_every_value_of_the_document(document: dict[str, Any]) -> None:
    first = frames_of(document)["rows"].to_dict("records")[0]
    for name, value in document["rows"][0].items():
        assert first[name] == value or (value is None and math.isnan(first[name])), name


def test_a_difference_is_told_in_units_of_the_last_digit_that_tells(document: dict[str, Any]) -> None:
    rows = document["rows"]
    rows[3] |= {"printed": "4800000", "metric": "params", "unit": "1", "ours": 4_796_873, "difference": 3127.0}
    shown = frames_of(document)["rows"]["difference_last_digits"].tolist()
    assert shown[:4] == pytest.approx([0.1629608, 1.03127, 447, 0.03127])
    assert math.isnan(shown[4])


def test_a_number_that_can_not_be_read_has_no_last_digit(document: dict[str, Any]) -> None:
    document["rows"][0] |= {"printed": "many", "unit": "bushels"}
    assert math.isnan(frames_of(document)["rows"]["difference_last_digits"][0])


def test_totals_are_compared_with_multiply_adds_and_parameters_are_not(document: dict[str, Any]) -> None:
    totals = frames_of(document)["totals"]
    assert totals["ratio_to_macs"].tolist()[:3] == pytest.approx([1, 1.05, 1.202])
    assert math.isnan(totals["ratio_to_macs"][3])
    assert totals["width"].tolist()[2] == 285
    assert totals["uncounted"].tolist()[0] == "silu x17; add x11"


def test_groups_sum_to_the_total_and_differences_to_that_of_the_totals(document: dict[str, Any]) -> None:
    frames = frames_of(document)
    totals = frames["totals"].set_index(["model", "convention"])["total"]
    for key, part in frames["groups"].groupby(["model", "convention"]):
        plain = "macs" if part["quantity"].iloc[0] == "operations" else "params"
        assert part["amount"].sum() == totals[key]
        assert part["difference_to_plain"].sum() == totals[key] - totals[key[0], plain]
        assert part["share"].sum() == pytest.approx(1)


def test_a_group_that_only_the_plain_count_has_is_missing_from_the_other(document: dict[str, Any]) -> None:
    groups = frames_of(document)["groups"]
    own = groups[(groups["model"] == "rexnet_1.0") & (groups["convention"] == "timm_index")]
    assert own[["group", "amount", "difference_to_plain"]].to_numpy().tolist() == [
        ["convolution", 1200, 210],
        ["pooling", 2, 2],
        ["linear", 0, -10],
    ]


def test_a_verdict_that_no_use_has_is_counted_as_none(document: dict[str, Any]) -> None:
    uses = frames_of(document)["uses"]
    assert uses[["reproduced", "explained", "contradicted", "open"]].to_numpy().tolist() == [[1, 0, 0, 0], [0, 0, 1, 0]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "layers"}, "needs a study of kind published; got 'layers'"),
        ({"format_version": 2}, "up to format 1 can be read; got 2; update rexbench"),
        ({"format_version": None}, "got None"),
        ({"rows": [3]}, "must have the shape of its kind, published"),
        ({"explorer": [{"model": "m"}]}, r"explorer\[0\]: object missing required field height"),
    ],
)
def test_another_document_is_refused_in_a_line(document: dict[str, Any], changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        frames_of(document | changes)


@pytest.mark.parametrize(
    ("ours", "printed", "metric", "unit", "shown"),
    [
        (398_370_392, "0.4", "flops", "G", "0.398 G"),
        (4_775_497, "4.7779", "params", "M", "4.775497 M"),
        (16_366_620, "16", "params", "M", "16.37 M"),
        (509_989_377, "509989377", "flops", "1", "509,989,377"),
        (14_202_801, "14202571", "checkpoint_size", "B", "14,202,801 B"),
        (7, "many", "wishes", "bushels", "7 bushels"),
    ],
)
def test_ours_has_two_digits_more_than_print(ours: int, printed: str, metric: str, unit: str, shown: str) -> None:
    assert show_ours(ours, printed, metric, unit) == shown


def test_print_is_shown_digit_for_digit() -> None:
    assert [show_printed("0.40", "G"), show_printed("77.90", "%"), show_printed("4800000", "1")] == [
        "0.40 G",
        "77.90 %",
        "4,800,000",
    ]
