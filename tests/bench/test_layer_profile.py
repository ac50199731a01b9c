"""Time shares of layers: what they add up to, and that nothing of the clock's hooks stays behind."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from analysis.rank.network.setting import NetworkSetting
from analysis.rank.network.study import run_network
from bench.layer_profile import time_layers
from rexnet_core import create_model
from rexnet_core.calibration import calibrate


class Fails(nn.Module):
    def forward(self, _):
        raise KeyboardInterrupt


def build(*more):
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.Sequential(nn.BatchNorm2d(8), nn.ReLU(inplace=True)), *more)


def test_shares_are_of_the_whole_pass():
    times = time_layers(build(), torch.randn(2, 3, 16, 16), passes=8)
    assert list(times.layers) == ["0", "1.0", "1.1"]
    assert 0 < sum(layer.share.value for layer in times.layers.values()) < 1.5
    assert all(0 < share.low <= share.value <= share.high < 1 for share in times.shares().values())
    assert (times.batch, times.passes) == (2, 8)
    assert times.shares()["0"] == times.layers["0"].share


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


@pytest.fixture
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("one_thread")
def test_a_study_gives_the_clock_its_weights_and_threads_and_says_how_times_were_taken(tmp_path):
    weights = create_model("rexnet_0.5")
    calibrate(weights, 32, seed=5)
    torch.save(weights.state_dict(), tmp_path / "own.pth")
    timed = []

    def time_few(model, images, *, seed):
        timed.append((model, images.shape))
        return time_layers(model, images, passes=3, seed=seed)

    own = {"weights": tmp_path / "own.pth", "threads": 2, "image_count": 4, "jacobian": 0, "taps": ("*.add",)}
    setting = NetworkSetting(models=("rexnet_0.5",), resolution=32, **own)
    [found] = run_network(setting, time_layers=time_few).payload["models"]
    [(model, shape)] = timed
    assert shape == (1, 3, 32, 32)
    assert all(torch.equal(one, weights.state_dict()[name]) for name, one in model.state_dict().items())
    how = found["layer_times"]
    assert {"batch": 1, "threads": 2, "passes": 3}.items() <= how.items()
    assert "hooks" in how["method"]
    shares = {layer["layer"]: layer["time_share"] for layer in found["layers"]}
    assert {name for name, share in shares.items() if share is None} == {name for name in shares if ".add" in name}
    # Medians of single shares need not add up to that of their sum.
    assert sum(share for share in shares.values() if share) < 1.1
    assert shares["stem.act"] > 0
