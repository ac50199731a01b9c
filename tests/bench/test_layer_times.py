"""Time shares of layers: what they add up to, and that nothing of the clock's hooks stays behind."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from analysis.complexity import count
from bench.layer_times import layer_shares, time_layers


class Fails(nn.Module):
    def forward(self, _):
        raise KeyboardInterrupt


def build(*more):
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.Sequential(nn.BatchNorm2d(8), nn.ReLU(inplace=True)), *more)


def test_shares_are_of_the_whole_pass():
    times = time_layers(build(), torch.randn(2, 3, 16, 16), passes=8)
    assert list(times.layers) == ["0", "1.0", "1.1"]
    assert 0 < sum(layer.share for layer in times.layers.values()) < 1.5
    assert all(0 < layer.low <= layer.share <= layer.high < 1 for layer in times.layers.values())
    assert (times.batch, times.passes) == (2, 8)
    assert times.shares()["0"] == times.layers["0"].as_share()


def test_a_module_that_runs_twice_is_counted_twice_and_one_that_never_runs_not_at_all():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.act, self.unused = nn.ReLU(), nn.ReLU()
            self.calls = []

        def forward(self, x):
            return self.act(self.act(x))

    times = time_layers(Odd(), torch.randn(1, 3, 8, 8), passes=3)
    assert list(times.layers) == ["act"]


@pytest.mark.parametrize("fails", [False, True])
def test_the_model_is_left_as_it_was(fails):
    model = build(*([Fails()] if fails else []))
    model[0].eval()
    before = model[1][0].running_mean.clone()
    if fails:
        with pytest.raises(KeyboardInterrupt):
            time_layers(model, torch.randn(2, 3, 16, 16))
    else:
        time_layers(model, torch.randn(2, 3, 16, 16), passes=2)
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())
    assert [part.training for part in model.modules()][:2] == [True, False]
    assert torch.equal(model[1][0].running_mean, before)


def test_the_shares_of_a_named_model_join_its_counted_layers():
    shares = layer_shares(("rexnet_0.5",), resolution=32, passes=2)["rexnet_0.5"]
    assert {layer.layer for layer in count("rexnet_0.5", 32).layers} <= set(shares)
