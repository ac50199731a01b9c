"""The order of models beside a published table."""

import math
from dataclasses import replace

import pytest
from made_up import CASE, make_measurement

from bench.statistics.published_order import published_orders
from bench.statistics.result import summarise_run

TIMES = {f"timm:m{n}": {224: 0.01 * n} for n in range(1, 8)}


def measured(model, time_s, **changes):
    case = replace(CASE, model=model, **changes)
    return make_measurement([[[time_s] * 3] * 3] * 3, case)


def compare(measurements, published=TIMES):
    return summarise_run(measurements, published=published).orders


def test_the_typical_ratio_is_the_median_and_the_furthest_model_comes_first():
    measurements = [measured(name, 2 * TIMES[name][224]) for name in TIMES]
    measurements[2] = measured("timm:m3", 3 * 2 * 0.03)
    [order] = compare(measurements)
    assert order.typical_ratio == pytest.approx(2)
    assert order.models == 7
    first = order.points[0]
    assert (first.result.case.model, first.outlier) == ("timm:m3", True)
    assert (first.deviation, first.published_s) == (pytest.approx(3), 0.03)
    assert [point.outlier for point in order.points[1:]] == [False] * 6
    # Of 21 pairs those of m3 with m4 to m7 and the tie of none: 0.18 lies above 0.08, 0.10, 0.12 and 0.14.
    assert order.tau.value == pytest.approx((17 - 4) / 21)
    assert order.tau.has_interval


def test_few_models_have_no_order_and_the_reason():
    [order] = compare([measured(f"timm:m{n}", 0.01 * n) for n in range(1, 5)])
    assert math.isnan(order.tau.value)
    assert order.tau.reason == "the order of 5 models or more is compared; got 4"


def test_two_sets_of_weights_are_one_model():
    published = {f"timm:m.{tag}": {224: 0.01} for tag in "abcdef"}
    [order] = compare([measured(name, 0.02) for name in published], published)
    assert order.tau.reason == "the order of 5 models or more is compared; got 1"


def test_what_the_table_lacks_is_left_out_with_the_reason():
    published = {**TIMES, "timm:two": {160: 0.1, 256: 0.2}, "timm:none": {}}
    [order] = compare([measured(name, 0.02) for name in published], published)
    assert [(one.case.model, reason) for one, reason in order.left_out] == [
        ("timm:two", "the table has it at 160 and 256 pixels, not at 224"),
        ("timm:none", "the table has no such model"),
    ]
    assert order.models == 7


@pytest.mark.parametrize(
    "changes",
    [{"batch": 8}, {"precision": "bf16"}, {"memory_format": "channels_last"}, {"device": "cuda"}],
)
def test_other_conditions_than_the_tables_take_no_part(changes):
    assert compare([measured(name, 0.02, **changes) for name in TIMES]) == ()


def test_failed_cases_and_models_of_other_sources_take_no_part():
    failed = replace(measured("timm:m1", 0.02), status="failed", rounds=())
    assert compare([failed, measured("rexnet_1.0", 0.02), measured("/a/net.onnx", 0.02)]) == ()


def test_backends_and_threads_have_orders_of_their_own():
    measurements = [
        measured(name, 0.01 * n, **changes)
        for n, name in enumerate(TIMES, start=1)
        for changes in ({}, {"backend": "openvino"}, {"threads": 2})
    ]
    orders = compare(measurements)
    assert [(order.backend, order.threads) for order in orders] == [("eager", 1), ("openvino", 1), ("eager", 2)]
    assert {order.tau.value for order in orders} == {1.0}


def test_nothing_published_gives_no_order():
    assert published_orders([], {}) == ()
    assert summarise_run([measured("timm:m1", 0.1)]).orders == ()
