"""The planned networks: equal cost, the ratios of table 2, the printed widths of table 3(a)."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from analysis.complexity.inputs import check_inputs
from analysis.complexity.traced import watch_layers
from analysis.rank.trained import TrainedSetting
from analysis.rank.trained.networks import MACS_TOLERANCE, cost_of, plan_networks
from rexnet_core.errors import InputError
from rexnet_core.network import Network


def traced_cost(config, side):
    """Parameters and multiply-adds counted from the operations that run, without looking at the config's numbers."""
    with torch.device("meta"):
        model = Network(config).eval()
    layers = watch_layers(model, check_inputs([(1, 1, side, side)])).layers()
    return sum(one.params for one in layers), sum(one.macs for one in layers)


@pytest.mark.parametrize("side", [8, 16, 24, 64])
def test_planned_cost_is_what_runs(side):
    setting = TrainedSetting(side=side)
    for network in plan_networks(setting):
        assert (network.params, network.macs) == traced_cost(network.config, side)


@pytest.mark.parametrize("base_width", [4, 5, 8, 16])
@pytest.mark.parametrize("side", [8, 16, 40])
def test_steps_of_table_2_cost_the_same_within_a_hundredth(base_width, side):
    planned = plan_networks(TrainedSetting(groups=("table2",), base_width=base_width, side=side))
    macs = [traced_cost(network.config, side)[1] for network in planned]
    assert [network.name for network in planned] == ["baseline", "dr_conv", "dr_block", "silu"]
    assert max(abs(one / macs[0] - 1) for one in macs) <= MACS_TOLERANCE == 0.01


def test_each_step_changes_what_table_2_says():
    baseline, conv, block, silu = (network.config for network in plan_networks(TrainedSetting(groups=("table2",))))
    for config, expansion, ratio, act in (
        (baseline, 20, 0.22, "relu6"),
        (conv, 6, 0.22, "relu6"),
        (block, 6, 0.8, "relu6"),
        (silu, 6, 0.8, "silu"),
    ):
        assert len(config.blocks) == 2
        assert all(one.w_mid == expansion * one.w_in for one in config.blocks)
        assert all(one.w_in / one.w_out == pytest.approx(ratio, rel=0.05) for one in config.blocks)
        assert {one.act_in for one in config.blocks} == {act}
        assert {one.act_mid for one in config.blocks} == {config.stem.act} == {config.head.act} == {"relu6"}
    assert replace(silu, name="", blocks=()) == replace(block, name="", blocks=())
    assert len({config.head.w_conv for config in (baseline, conv, block, silu)}) == 1


def test_table_3a_has_the_printed_widths_and_the_printed_cost_on_cifar_100():
    """Printed: 0.2M parameters and 30M multiply-adds, at 32 pixels, three channels and a hundred classes."""
    worst, best = plan_networks(TrainedSetting(groups=("table3a",)))
    for network, blocks, expected in ((worst, [36, 36, 36, 36, 83], 28.3), (best, [34, 34, 45, 55, 66], 29.3)):
        config = network.config
        assert [block.w_out for block in config.blocks] == blocks
        assert [(block.w_in, block.w_out) for block in config.blocks] == list(pairwise([32, *blocks]))
        cifar = replace(config, stem=replace(config.stem, w_in=3), head=replace(config.head, num_classes=100))
        params, macs = cost_of(cifar, 32)
        assert round(macs / 1e6, 1) == expected
        assert (params - 1025 * 100) / 1e6 == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize(
    ("shortcut", "widths"), [("partial", [0, 34, 45, 0, 66]), ("equal", [0, 34, 0, 0, 0]), ("none", [0] * 5)]
)
def test_shortcuts_follow_the_rule_that_is_chosen(shortcut, widths):
    _, best = plan_networks(TrainedSetting(groups=("table3a",), shortcut=shortcut))
    w_ins = [block.w_in if block.w_shortcut else 0 for block in best.config.blocks]
    assert w_ins == [0 if not one else block.w_in for one, block in zip(widths, best.config.blocks, strict=True)]


def test_a_cost_that_whole_widths_cannot_match_is_refused():
    setting = TrainedSetting(groups=("table2",))
    object.__setattr__(setting, "base_width", 3)
    with pytest.raises(InputError, match=r"no whole widths at a block ratio of 0\.22 do at base_width 3"):
        plan_networks(setting)
