"""Counts against what was printed about the models; agreement with the traced way is in test_traced."""

import pytest

from analysis.complexity import count
from analysis.published import load
from rexnet_core.errors import InputError, UnknownNameError
from rexnet_core.registry import model_info

#: Printed by the papers and projects that trained the models, without a remark that they are wrong.
FIRST_HAND = [
    row
    for row in load()
    if row.metric in {"flops", "params"}
    and row.source.startswith(("ReXNet paper", "clovaai/rexnet"))
    and not row.model.startswith("efficientnet")
    and not row.note
]

#: Of these, what the counts contradict.
CONTRADICTED = {
    ("ReXNet paper (arXiv 2007.00992v3), appendix model table", "rexnet_1.5", "flops"),
    ("clovaai/rexnet README (commit 61debcc)", "rexnet_lite_1.3", "params"),
    ("ReXNet paper (arXiv 2007.00992v3), Table 1/4", "mobilenet_v2_1.4", "flops"),
    ("ReXNet paper (arXiv 2007.00992v3), Table 1/4", "mobilenet_v2_1.4", "params"),
}


def is_printed(row):
    """Whether our count, rounded or cut, has the printed digits."""
    cost = count(row.model, model_info(row.model).resolution)
    excess = (cost.macs if row.metric == "flops" else cost.params) - row.value
    return abs(excess) <= row.step / 2 or 0 <= excess < row.step


@pytest.mark.parametrize(
    ("model", "macs", "params", "params_folded"),
    [
        ("rexnet_1.0", 398_370_392, 4_796_873, 4_775_497),
        ("rexnet_3.0", 3_395_980_620, 34_708_792, 34_644_646),
        ("regnetx_3.2gf", 3_176_621_952, 15_296_552, 15_265_272),
        ("rexnet_lite_1.0", 406_806_592, 4_740_056, 4_718_280),
        ("rexnet_plain", 564_669_040, 3_399_240, 3_389_512),
        ("efficientnet_b0", 385_814_752, 5_288_548, 5_267_540),
    ],
)
def test_counts_at_224_are_these(model, macs, params, params_folded):
    cost = count(model)
    assert (cost.macs, cost.params, cost.params_folded) == (macs, params, params_folded)


@pytest.mark.parametrize(
    ("model", "macs", "params"),
    [
        ("efficientnet_b0", 385_814_752, 5_288_548),
        ("efficientnet_b1", 686_802_832, 7_794_184),
        ("efficientnet_b2", 993_561_872, 9_109_994),
        ("efficientnet_b3", 1_827_141_392, 12_233_232),
        ("efficientnet_lite0", 385_187_552, 4_652_008),
        ("efficientnet_lite1", 600_185_232, 5_416_680),
        ("efficientnet_lite2", 859_736_272, 6_092_072),
    ],
)
def test_counts_of_efficientnet_at_its_native_side_are_these(model, macs, params):
    cost = count(model, model_info(model).resolution)
    assert (cost.macs, cost.params) == (macs, params)


def test_costs_of_efficientnet_at_its_native_sides_are_those_the_rexnet_paper_prints_but_for_two():
    rows = [
        row
        for row in load()
        if row.source.startswith("ReXNet paper")
        and row.model.startswith("efficientnet")
        and row.metric in {"flops", "params"}
    ]
    off = {(row.model, row.metric) for row in rows if not is_printed(row)}
    assert off == {("efficientnet_b1", "flops"), ("efficientnet_b2", "params")}
    assert len(rows) == 8


def test_squeeze_excite_without_norm_keeps_its_bias_and_has_no_layer_of_a_norm():
    layers = {layer.layer: layer for layer in count("efficientnet_b0").layers}
    reduce = layers["stages.1.1.body.se.reduce"]
    assert (reduce.params, reduce.params_folded, reduce.macs) == (144 * 6 + 6, 144 * 6 + 6, 144 * 6)
    assert not any(name.endswith(".se.norm") for name in layers)


def test_first_hand_costs_are_our_counts_at_the_printed_precision():
    off = {(row.source, row.model, row.metric) for row in FIRST_HAND if not is_printed(row)}
    assert off == CONTRADICTED
    assert len(FIRST_HAND) == 44


def test_the_model_zoo_printed_regnets_folded_params():
    (row,) = [
        row for row in load() if (row.source, row.model, row.metric) == ("Open Model Zoo", "regnetx_3.2gf", "params")
    ]
    assert abs(count(row.model).params_folded - row.value) <= row.step / 2


def test_a_layer_is_counted_by_hand():
    stem, norm, depthwise, *_ = count("rexnet_1.0", 33).layers
    assert (stem.layer, stem.kind, stem.out_shape) == ("stem.conv", "conv", (1, 32, 17, 17))
    assert (stem.params, stem.params_folded) == (3 * 32 * 9, 3 * 32 * 9 + 32)
    assert (stem.macs, stem.activations) == (17 * 17 * 3 * 32 * 9, 17 * 17 * 32)
    assert stem.traffic_bytes == 4 * (3 * 33 * 33 + 3 * 32 * 9 + 32 + 17 * 17 * 32)
    assert (norm.layer, norm.params, norm.params_folded, norm.macs, norm.traffic_bytes) == ("stem.norm", 64, 0, 0, 0)
    assert (depthwise.kind, depthwise.macs) == ("depthwise_conv", 17 * 17 * 32 * 9)


def test_totals_are_the_sums_over_layers():
    cost = count("rexnet_1.3", 160)
    for quantity in ("params", "params_folded", "macs", "activations", "traffic_bytes"):
        assert getattr(cost, quantity) == sum(getattr(layer, quantity) for layer in cost.layers)


def test_multiply_adds_grow_with_the_side_and_params_do_not():
    costs = [count("rexnet_1.0", side) for side in (32, 64, 224, 225, 4096)]
    assert sorted(cost.macs for cost in costs) == [cost.macs for cost in costs]
    assert len({(cost.params, cost.params_folded) for cost in costs}) == 1


def test_a_slip_in_the_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"unknown model 'rexnet_plian'; did you mean 'rexnet_plain'\?"):
        count("rexnet_plian")


def test_the_resolution_is_checked():
    with pytest.raises(InputError, match="got 7"):
        count("rexnet_1.0", 7)
