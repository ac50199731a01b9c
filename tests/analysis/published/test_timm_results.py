"""What timm prints about its models, by name, weights and input side."""

import pytest

from analysis.published import find_accuracy, timm_results
from analysis.published.accuracy import list_accuracies

TINY = "timm:tiny_vit_5m_224.dist_in22k_ft_in1k, timm:tiny_vit_5m_224.in1k"
RESNETS = "timm:resnet18.a1_in1k, timm:resnet18.a2_in1k, timm:resnet18.a3_in1k"
NONE = "timm's results tables have no accuracy of"


@pytest.mark.parametrize(
    ("name", "side", "top1", "top5"),
    [
        ("timm:rexnet_100.nav_in1k", 224, "77.862", "93.890"),
        ("timm:rexnet_100", 224, "77.862", "93.890"),
        ("timm:resnet18.tv_in1k", 224, "69.752", "89.082"),
        ("timm:resnet18", 224, "71.504", "90.086"),
        ("timm:resnet18", 288, "73.164", "91.054"),
    ],
)
def test_an_accuracy_is_that_of_the_weights_and_the_side(name, side, top1, top5):
    found = find_accuracy(name, side)
    assert (found.top1.printed, found.top5.printed, found.reason) == (top1, top5, "")
    assert found.source.startswith("timm's results tables (commit aa4b585), ")
    assert f"{side}x{side}, crop ratio " in found.top1.conditions


def test_an_architecture_alone_stands_for_timms_default_weights_and_says_so():
    assert find_accuracy("timm:resnet18", 224).weights == "resnet18.a1_in1k (the default weights of timm 1.0.31)"
    assert find_accuracy("timm:resnet18.a1_in1k", 224).weights == "resnet18.a1_in1k"


@pytest.mark.parametrize(
    ("name", "side", "reason"),
    [
        ("timm:resnet18", 256, "the published accuracy is for 224 and 288 pixels, not for 256"),
        ("timm:tiny_vit_5m_224", 224, f"{NONE} the default weights of tiny_vit_5m_224; they have {TINY}"),
        ("timm:resnet18.none", 224, f"{NONE} the weights resnet18.none; they have {RESNETS} and 4 more"),
        ("timm:no_such_model.tag", 224, f"{NONE} no_such_model"),
        ("timm:", 224, f"{NONE} "),
        ("torchvision:resnet18", 224, "no published accuracies of such models are known here"),
        ("py:mine:build", 224, "no published accuracies of such models are known here"),
        ("/a/net.onnx", 224, "no published accuracies of such models are known here"),
        ("rexnet_1.0", 192, "the published accuracy is for 224 pixels, not for 192"),
        ("rexnet_1.15", 224, "nobody printed one that speaks for it"),
    ],
)
def test_nothing_is_guessed_and_the_reason_is_said(name, side, reason):
    found = find_accuracy(name, side)
    assert (found.top1, found.top5, found.source, found.reason) == (None, None, "", reason)


def test_our_network_and_timms_are_two_rows():
    ours, theirs = find_accuracy("rexnet_1.0", 224), find_accuracy("timm:rexnet_100", 224)
    assert (ours.top1.printed, theirs.top1.printed) == ("77.9", "77.862")
    assert ours.top5.source == ours.top1.source


def test_all_accuracies_of_a_name_are_listed_at_every_side():
    rows = list_accuracies("timm:resnet18")
    assert [(row.metric, row.printed) for row in rows] == [
        ("top1", "71.504"), ("top5", "90.086"), ("top1", "73.164"), ("top5", "91.054"),
    ]  # fmt: skip
    assert list_accuracies("timm:nothing") == ()


def test_times_belong_to_architecture_and_side_and_keep_their_digits():
    times = timm_results.find_cpu_times("timm:resnet18.tv_in1k")
    assert {side: (one.step_time_ms, one.gmacs, one.mactivations) for side, one in times.items()} == {
        160: ("9.660", "0.93", "1.27"),
        224: ("16.046", "1.82", "2.48"),
        288: ("22.209", "3.01", "4.11"),
    }
    assert timm_results.find_cpu_times("timm:efficientnet_lite0")[224].gmacs == "0.40"
    assert timm_results.read_cpu_times_s("resnet18")[224] == pytest.approx(0.016046)
    assert timm_results.find_cpu_times("timm:nothing") == {}


def test_every_row_is_read_once():
    known = [one for of in timm_results._accuracies().values() for one in of]
    assert len(known) == len({(one.model, one.resolution) for one in known}) == 1556
    assert len({one.model for one in known if one.is_default}) == len(
        {one.model.partition(".")[0] for one in known if one.is_default}
    )
    assert all(0 < float(one.top1_percent) < float(one.top5_percent) <= 100 for one in known)
    times = [one for of in timm_results._cpu_times().values() for one in of.values()]
    assert len(times) == 1440
    assert all(float(one.step_time_ms) > 0 for one in times)
    assert {len(one.gmacs.partition(".")[2]) for one in times} == {2}
