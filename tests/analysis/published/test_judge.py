from __future__ import annotations

import pytest

from analysis.published import load
from analysis.published.conditions import hardware, input_side
from analysis.published.conventions import choose_conventions
from analysis.published.judge import judge_rows
from analysis.published.latency import TABLE_5, Interval, Measured


def judge(rows, count, **measured):
    return judge_rows(rows, count, lambda _model: None, **measured)


def test_a_count_that_gives_the_digits_reproduces_the_row(make_row, count):
    (one,) = judge([make_row("rexnet_1.0", "flops", "0.40", "G")], count)
    assert (one.verdict, one.how, one.convention, one.ours) == ("reproduced", "rounded", "macs", 398_370_392)
    assert one.difference == 400_000_000 - 398_370_392


def test_a_row_that_repeats_the_one_above_it_is_explained(make_row, count):
    rows = [make_row("rexnet_1.3", "params", "7.6", "M"), make_row("rexnet_1.5", "params", "7.6", "M")]
    assert [one.verdict for one in judge(rows, count)] == ["reproduced", "explained"]
    assert "repeats the row of rexnet_1.3" in judge(rows, count)[1].reason


def test_a_repeat_of_another_table_or_of_a_row_further_up_is_no_explanation(make_row, count):
    wrong = make_row("rexnet_1.5", "params", "7.6", "M")
    elsewhere = make_row("rexnet_1.3", "params", "7.6", "M", source="Another paper")
    between = make_row("rexnet_1.0", "params", "4.8", "M")
    for rows in ([elsewhere, wrong], [make_row("rexnet_1.3", "params", "7.6", "M"), between, wrong]):
        assert judge(rows, count)[-1].verdict == "contradicted"


def test_a_row_with_all_costs_of_another_width_is_explained(make_row, count):
    rows = [make_row("rexnet_2.0", "flops", "1.8", "G"), make_row("rexnet_2.0", "params", "19", "M")]
    both = judge(rows, count)
    assert [one.verdict for one in both] == ["explained", "explained"]
    assert "costs of rexnet_2.2: 1,842,508,176 flops and 19,485,308 params" in both[0].reason


def test_one_number_that_fits_another_width_is_no_explanation(make_row, count):
    (one,) = judge([make_row("rexnet_2.0", "params", "19", "M")], count)
    assert one.verdict == "contradicted"


def test_a_zero_behind_digits_that_others_print_is_explained(make_row, count):
    rows = [
        make_row("rexnet_3.0", "params", "34.0", "M"),
        make_row("rexnet_3.0", "params", "34", "M", source="Another paper"),
    ]
    first, second = judge(rows, count)
    assert (second.verdict, second.how) == ("reproduced", "cut")
    assert first.verdict == "explained"
    assert "34 M, cut from 34,708,792 and printed so by Another paper, with a zero more" in first.reason


def test_a_zero_that_nobody_else_leaves_out_is_no_explanation(make_row, count):
    (one,) = judge([make_row("rexnet_3.0", "params", "34.0", "M")], count)
    assert one.verdict == "contradicted"


def test_a_number_that_an_earlier_paper_prints_of_its_own_network_is_taken_over(make_row, count):
    earlier = make_row("rexnet_1.5", "flops", "857", "M", source="The first paper (arXiv 1905.00001)")
    later = make_row("rexnet_1.5", "flops", "0.86", "G", source="The second paper (arXiv 2007.00001)")
    assert [one.verdict for one in judge([later, earlier], count)] == ["explained", "contradicted"]
    assert "taken over from the The first" not in judge([later, earlier], count)[0].reason


def test_a_paper_takes_nothing_over_from_a_later_one(make_row, count):
    rows = [
        make_row("rexnet_1.5", "flops", "0.86", "G", source=f"A paper (arXiv {number}.00001)")
        for number in ("1905", "2007")
    ]
    assert [one.verdict for one in judge(rows, count)] == ["contradicted", "explained"]


def test_index_constants_of_in_place_shortcuts_explain_the_graph_of_rexnet(make_row, count):
    stated = "constants of the IR (batch norm folded)"
    (one,) = judge([make_row("rexnet_1.0", "params", "4.7779", "M", convention=stated)], count)
    assert one.verdict == "explained"
    assert "2,356 in all, together 4,777,853" in one.reason


def test_a_stated_convention_that_gives_other_digits_is_contradicted_with_what_is_known(make_row, count):
    rows = [
        make_row("rexnet_1.5", "flops", "0.86", "G"),
        make_row("rexnet_1.5", "flops", "0.88", "G", source="Its README"),
        make_row("rexnet_lite_1.3", "params", "6.8", "M"),
    ]
    first, second, third = judge(rows, count)
    assert (first.verdict, second.verdict, third.verdict) == ("contradicted", "reproduced", "contradicted")
    assert "Its README prints 0.88 G for it, which our count gives" in first.reason
    assert "rounded twice it would print so" in third.reason


def test_an_unstated_convention_is_the_one_that_gives_most_rows_of_the_source_and_others_that_do_are_named(make_row):
    def count(convention, model, _side):
        return {"macs": 1, "thop": 410_000_000, "ptflops": 420_000_000}.get(convention, 7) * (1 + (model[-1] == "3"))

    rows = [make_row(f"rexnet_1.{n}", "flops", p, "G", convention="") for n, p in ((0, "0.4"), (3, "0.8"))]
    choices = choose_conventions(rows, count)
    assert choices[0] == choices[1]
    assert (choices[0].convention, choices[0].ties, choices[0].reproduced) == ("thop", ("ptflops",), 2)
    assert "not stated: thop gives 2 of 2 rows of this source, and so do ptflops" in judge(rows, count)[0].reason


def test_a_row_that_no_convention_gives_is_open_where_none_is_stated_and_says_what_was_tried(make_row, count):
    (one,) = judge([make_row("rexnet_1.0", "flops", "0.77", "G", convention="")], count)
    assert (one.verdict, one.ours) == ("open", None)
    assert "tried: macs, two_per_mac" in one.reason


def test_models_that_are_not_registered_are_open(make_row, count):
    (one,) = judge([make_row("resnet50", "flops", "4.1", "G")], count)
    assert (one.verdict, one.reason) == ("open", "resnet50 is no registered model, so there is no count")


def test_a_convention_for_parameters_is_not_taken_for_operations(make_row, count):
    (one,) = judge([make_row("rexnet_1.0", "flops", "0.40", "G", convention="parameters")], count)
    assert one.convention == "macs"


def test_accuracies_need_data_and_name_the_command(make_row, count):
    rows = [make_row("rexnet_1.0", "top1", "77.9", "%", conditions="crop 224"), make_row("resnet50", "top5", "93", "%")]
    first, second = judge(rows, count)
    assert first.verdict == second.verdict == "needs data"
    assert first.command == "rexbench evaluate rexnet_1.0 --weights CHECKPOINT --images FOLDER --resolution 224"
    assert second.command == ""


LATENCIES = (("rexnet_1.0", "47", "224x224"), ("efficientnet_b0", "47", "224x224"), ("rexnet_2.0", "69", "224x224"))


@pytest.fixture
def latencies(make_row):
    return [
        make_row(model, "latency", printed, "ms", conditions=f"Xeon, batch 1, {side}")
        for model, printed, side in LATENCIES
    ]


def test_a_latency_implies_a_ratio_with_the_bounds_of_its_rounding(latencies, count):
    first, second, third = (one.ratio for one in judge(latencies, count))
    assert first is None
    assert (second.to, second.printed) == ("rexnet_1.0", 1)
    assert (second.low, second.high) == pytest.approx((46.5 / 47.5, 47.5 / 46.5))
    assert (third.to, third.printed) == ("rexnet_1.0", pytest.approx(69 / 47))
    assert third.ours is None
    assert third.overlaps is None


def test_measured_ratios_of_the_same_device_and_batch_stand_beside_the_printed_ones(latencies, count):
    here = Measured(
        told="run 1, a processor",
        device="cpu",
        batch=1,
        latency_s={
            "rexnet_1.0": Interval(value=0.02, low=0.019, high=0.021),
            "rexnet_2.0": Interval(value=0.05, low=0.04, high=0.06),
        },
        paired={("efficientnet_b0", "rexnet_1.0"): Interval(value=1.2, low=1.1, high=1.3)},
    )
    _, second, third = judge(latencies, count, measured=[here])
    assert (second.ratio.ours, second.ratio.overlaps) == (1.2, False)
    assert second.ratio.measured.endswith("in turns side by side")
    assert "which can't be the same" in second.reason
    assert (third.ratio.ours, third.ratio.ours_low) == pytest.approx((2.5, 0.04 / 0.021))
    assert "one after the other" in third.ratio.measured
    assert third.ratio.overlaps is False


@pytest.mark.parametrize(("device", "batch"), [("cuda", 1), ("cpu", 64)])
def test_measurements_of_another_device_or_batch_are_not_compared(latencies, count, device, batch):
    here = Measured(
        told="",
        device=device,
        batch=batch,
        paired={("efficientnet_b0", "rexnet_1.0"): Interval(value=1, low=1, high=1)},
    )
    assert judge(latencies, count, measured=[here])[1].ratio.ours is None


@pytest.mark.parametrize(
    ("conditions", "side", "rest"),
    [
        ("224x224", 224, ""),
        ("1x3x224x224", 224, "1x3x224x224"),
        ("224", 224, "224"),
        ("image size 240", 240, "image size 240"),
        ("V100, batch 64, 300x300", 300, "V100, batch 64"),
        ("ImageNet-1k val, resize 256 bicubic, crop 224", 224, "ImageNet-1k val, resize 256 bicubic, crop 224"),
        ("90 epochs, V100", 300, "90 epochs, V100"),
        ("", 300, ""),
    ],
)
def test_the_input_and_the_hardware_are_read_from_the_conditions(make_row, conditions, side, rest):
    one = make_row("efficientnet_b3", "flops", "1", "G", conditions=conditions)
    assert (input_side(one), hardware(one)) == (side, rest)


def test_the_paper_pairs_are_in_its_table():
    latencies = {row.model for row in load() if row.metric == "latency" and row.source.startswith("ReXNet paper")}
    assert {model for pair in TABLE_5 for model in pair} <= latencies
