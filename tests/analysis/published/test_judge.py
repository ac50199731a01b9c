import csv
from pathlib import Path

import pytest

from analysis.published import load, table
from analysis.published.conditions import device, hardware, read_input
from analysis.published.conventions import choose_conventions
from analysis.published.judge import judge_rows
from analysis.published.latency import TABLE_5, Interval, Measured, group_latencies, imply


def judge(rows, count, **measured):
    return judge_rows(rows, count, lambda _model: None, **measured)


#: Rows that stand alone, with what is judged of them and words of the reason.
ALONE = list(csv.DictReader((Path(__file__).parent / "data/rows_alone.csv").read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("case", ALONE)
def test_a_row_alone_is_judged_by_its_digits_and_its_words(make_row, count, case):
    printed = [case[name] for name in ("model", "metric", "printed", "unit")]
    (verdict,) = judge([make_row(*printed, convention=case["stated"], conditions=case["conditions"])], count)
    assert (verdict.verdict, verdict.how, verdict.convention) == (case["verdict"], case["how"], case["convention"])
    assert verdict.ours == (int(case["ours"]) if case["ours"] else None)
    assert verdict.ours is None or verdict.difference == verdict.row.value - verdict.ours
    assert case["reason"] in verdict.reason


@pytest.mark.parametrize(("printed", "unit"), [("4838251", "1"), ("4.838251", "M"), ("4.838", "M")])
def test_parameters_with_batch_norms_statistics_are_explained(make_row, count, printed, unit):
    (verdict,) = judge([make_row("rexnet_1.0", "params", printed, unit, source="paddle")], count)
    assert verdict.verdict == "explained"
    assert "4,796,873 parameters and 41,378 running means and variances, together 4,838,251" in verdict.reason


@pytest.mark.parametrize(("printed", "unit"), [("4838252", "1"), ("4.84", "M"), ("4.839", "M")])
def test_other_digits_and_few_of_them_are_not_explained_so(make_row, count, printed, unit):
    (verdict,) = judge([make_row("rexnet_1.0", "params", printed, unit)], count)
    assert verdict.verdict == "contradicted"


@pytest.mark.parametrize("stated", ["params_with_statistics", "Paddle", "keras", "Total params"])
def test_they_are_reproduced_where_the_source_says_that_it_counts_so(make_row, count, stated):
    row = make_row("rexnet_1.0", "params", "4838251", "1", convention=stated)
    (verdict,) = judge([row], count)
    assert (verdict.verdict, verdict.how, verdict.convention) == ("reproduced", "exact", "params_with_statistics")


def test_a_row_that_repeats_the_one_above_it_is_explained(make_row, count):
    rows = [make_row("rexnet_1.3", "params", "7.6", "M"), make_row("rexnet_1.5", "params", "7.6", "M")]
    assert [verdict.verdict for verdict in judge(rows, count)] == ["reproduced", "explained"]
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
    assert [verdict.verdict for verdict in both] == ["explained", "explained"]
    assert "costs of rexnet_2.2: 1,842,508,176 flops and 19,485,308 params" in both[0].reason


PADDED = (("rexnet_2.0", "16"), ("rexnet_3.0", "34"))


def test_zeros_behind_digits_that_others_print_are_explained(make_row, count):
    rows = [
        make_row(model, "params", printed + zero, "M", source=source)
        for source, zero in (("A paper", ".0"), ("Another paper", ""))
        for model, printed in PADDED
    ]
    verdicts = judge(rows, count)
    assert [verdict.verdict for verdict in verdicts] == ["explained", "explained", "reproduced", "reproduced"]
    assert (verdicts[2].how, verdicts[3].how) == ("either", "cut")
    assert "34 M, cut from 34,708,792 and printed so by Another paper, with a zero more" in verdicts[1].reason


def test_one_zero_alone_or_one_that_nobody_else_leaves_out_is_no_explanation(make_row, count):
    once = [
        make_row("rexnet_3.0", "params", "34.0", "M"),
        make_row("rexnet_3.0", "params", "34", "M", source="Another paper"),
    ]
    alone = [make_row(model, "params", f"{printed}.0", "M") for model, printed in PADDED]
    assert judge(once, count)[0].verdict == "contradicted"
    assert {verdict.verdict for verdict in judge(alone, count)} == {"contradicted"}


def test_digits_of_another_convention_are_no_padding(make_row):
    def count(convention, model, _side):
        return {"macs": 398_370_392, "fvcore": 413_295_990}[convention] * (2 if model == "rexnet_2.0" else 1)

    padded = [make_row(f"rexnet_{n}.0", "flops", f"{n}.0", "G", convention="fvcore") for n in (1, 2)]
    bare = [make_row(f"rexnet_{n}.0", "flops", f"{n}", "G", source="B", convention="macs") for n in (1, 2)]
    assert {verdict.verdict for verdict in judge([*padded, *bare], count)[:2]} == {"contradicted"}


def test_the_paper_that_brought_a_network_explains_what_others_print_of_it(make_row):
    def count(_convention, _model, _side):
        return 686_802_832

    origin = make_row("efficientnet_b1", "flops", "0.70", "G", source="EfficientNet paper (arXiv 1905.11946), Table 2")
    later = make_row("efficientnet_b1", "flops", "0.70", "G", source="Another (arXiv 2007.00001)")
    earlier = make_row("efficientnet_b1", "flops", "0.70", "G", source="An early one (arXiv 1704.00001)")
    verdicts = judge([later, origin, earlier], count)
    assert [verdict.verdict for verdict in verdicts] == ["explained", "contradicted", "explained"]
    assert verdicts[0].reason.startswith("taken over from EfficientNet paper (arXiv 1905.11946), Table 2")
    assert judge([later, earlier], count)[0].verdict == "contradicted"


def test_rows_of_ones_own_change_nothing_that_is_said_of_the_projects(make_row, count):
    own = [make_row("rexnet_3.0", "params", "34", "M", source="Another paper", file=table.BUNDLED)]
    mine = [
        make_row("rexnet_3.0", "params", "35", "M", source="Another paper", file="mine.csv"),
        make_row("rexnet_2.0", "params", "16", "M", file="mine.csv"),
    ]
    assert judge([*mine, *own], count)[-1] == judge(own, count)[0]
    assert [verdict.verdict for verdict in judge([*mine, *own], count)[:2]] == ["reproduced", "reproduced"]


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


def test_the_rule_of_timms_index_is_tried_on_timms_rows_alone(make_row):
    def count(convention, _model, _side):
        return 509_989_377 if convention == "timm_index" else 1

    rows = [make_row("rexnet_1.0", "flops", "509989377", "1", convention="", source=who) for who in ("timm docs", "me")]
    assert [verdict.verdict for verdict in judge(rows, count)] == ["reproduced", "open"]
    (stated,) = judge([make_row("rexnet_1.0", "flops", "509989377", "1", convention="timm_index")], count)
    assert stated.verdict == "reproduced"


def test_models_that_are_not_registered_are_open(make_row, count):
    (verdict,) = judge([make_row("resnet50", "flops", "4.1", "G")], count)
    assert (verdict.verdict, verdict.reason) == ("open", "resnet50 is no registered model, so there is no count")


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
        make_row(
            model, "latency", printed, "ms", conditions=f"Xeon, batch 1, {side}", source=f"A paper, Table {number}"
        )
        for number, (model, printed, side) in enumerate(LATENCIES)
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
        description="run 1, a processor",
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
    assert "which differs from the printed ratio" in second.reason
    assert (third.ratio.ours, third.ratio.ours_low) == pytest.approx((2.5, 0.04 / 0.021))
    assert "one after the other" in third.ratio.measured
    assert third.ratio.overlaps is False


@pytest.mark.parametrize(("device", "batch"), [("cuda", 1), ("cpu", 64)])
def test_measurements_of_another_device_or_batch_are_not_compared(latencies, count, device, batch):
    here = Measured(
        description="",
        device=device,
        batch=batch,
        paired={("efficientnet_b0", "rexnet_1.0"): Interval(value=1, low=1, high=1)},
    )
    assert judge(latencies, count, measured=[here])[1].ratio.ours is None


@pytest.mark.parametrize(
    ("conditions", "side", "rest"),
    [
        ("224x224", 224, ""),
        ("1x3x224x224", 224, ""),
        ("288px", 288, "288px"),
        ("image size 288, crop_pct 0.95", 288, "image size 288, crop_pct 0.95"),
        ("ImageNet 2012", 300, "ImageNet 2012"),
        ("A100, batch 64", 300, "A100, batch 64"),
        ("Resize 256 bicubic, CenterCrop 224", 224, "Resize 256 bicubic, CenterCrop 224"),
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
    assert (read_input(one).side, hardware(one)) == (side, rest)


@pytest.mark.parametrize(
    ("conditions", "kind"),
    [
        ("Xeon E5-2630 v4, batch 1", "cpu"),
        ("CPU (not named), batch 1", "cpu"),
        ("V100, batch 64", "cuda"),
        ("two M40 GPUs", "cuda"),
        ("RTX 3090, batch 1", "cuda"),
        ("TPU v3, batch 1", ""),
        ("batch 1", ""),
    ],
)
def test_the_kind_of_device_is_read_from_its_words_alone(make_row, conditions, kind):
    assert device(make_row("rexnet_1.0", "latency", "1", "ms", conditions=conditions)) == kind


def test_each_efficientnet_of_the_paper_is_divided_by_its_rexnet():
    rows = load()
    ratios = {
        (row.model, hardware(row)): ratio.to
        for row in rows
        if row.metric == "latency"
        and row.model.startswith("efficientnet")
        and (ratio := imply(row, group_latencies(rows)))
    }
    assert len(ratios) == 8
    assert {(model, to) for (model, _), to in ratios.items()} == {(rival, model) for model, rival in TABLE_5}


def test_no_model_is_run_at_a_side_that_takes_minutes(make_row):
    tried = set()

    def count(convention, _model, _side):
        tried.add(convention)
        return 1

    judge([make_row("rexnet_1.0", "flops", "0.77", "G", convention="", conditions="4096x4096")], count)
    assert not {"fvcore", "openvino", "openvino_preprocessed"} & tried
    assert {"macs", "thop", "ptflops"} <= tried


@pytest.mark.parametrize("kind", ["params", "flops", "latency"])
def test_the_work_grows_with_the_rows_and_not_with_their_square(make_row, count, kind):
    """Counts are asked for, and inputs read, about once for each row, however many are alike."""
    asked = []

    def counting(*key):
        asked.append(key)
        return count(*key)

    def rows(number):
        units = {"params": "M", "flops": "G", "latency": "ms"}
        return [
            make_row("rexnet_2.0", kind, f"{place}.0", units[kind], conditions="Xeon, batch 1, 224x224", source=source)
            for place in range(1, number + 1)
            for source in ("A paper", "Another paper (arXiv 2003.13678)")
        ]

    judge(rows(10), count=counting)
    few = len(asked)
    judge(rows(100), count=counting)
    assert len(asked) - few <= 15 * max(few, 1)
