"""Models of timm and torchvision: names, weights, and no network."""

from __future__ import annotations

import socket
from importlib.util import find_spec

import pytest
import torch

from rexnet_core import load_weights
from rexnet_core.errors import UnknownNameError, WeightsError
from rexnet_core.sources.registry import SOURCES, open_model

pytestmark = pytest.mark.skipif(find_spec("timm") is None, reason="timm is not installed")


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.parametrize(
    ("name", "words"),
    {
        "timm:test_resnett": "unknown model of timm 'test_resnett'; did you mean 'test_resnet'?",
        "timm:test_resnet.r160_in1": "unknown tag of timm's test_resnet 'r160_in1'; did you mean 'r160_in1k'?",
        "torchvision:squeezenet1_2": "unknown model of torchvision 'squeezenet1_2'; did you mean 'squeezenet1_1'?",
    }.items(),
)
def test_an_unknown_name_is_answered_with_the_nearest(name, words):
    with pytest.raises(UnknownNameError) as caught:
        open_model(name.partition(":")[0], name)
    assert str(caught.value) == words


def test_weights_of_another_model_are_refused_with_the_first_names_of_either(tmp_path):
    module = open_model("timm", "timm:test_resnet").module
    kept = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    torch.save(
        {"state_dict": {f"module.model.{name}": tensor + 1 for name, tensor in kept.items()}}, tmp_path / "a.pth"
    )
    load_weights(module, tmp_path / "a.pth")
    assert all(torch.equal(tensor, kept[name] + 1) for name, tensor in module.state_dict().items())
    other = open_model("timm", "timm:test_vit").module
    with pytest.raises(WeightsError, match=r"must be those of ResNet .* is missing.*the file's names begin with '"):
        load_weights(module, other.state_dict())


def test_a_detector_is_made_without_the_weights_of_its_backbone():
    assert SOURCES["torchvision"].open("torchvision:ssdlite320_mobilenet_v3_large", None).module is not None
