"""Features are what the classifier's linear layer takes, whoever wrote the module."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from analysis.prediction.features import tap_features
from rexnet_core import create_model
from rexnet_core.errors import UnsupportedModelError

IMAGES = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def take(module, images=IMAGES, classes=12):
    classifier = SimpleNamespace(module=module, classes=classes)
    with torch.inference_mode(), tap_features(classifier, "toy") as tap:
        return tap.take(module(images))


def test_features_of_ours_are_those_of_pool_and_hidden():
    for name in ("rexnet_1.0", "rexnet_lite_1.0"):
        network = create_model(name, num_classes=12).eval()
        features = take(network)
        with torch.inference_mode():
            expected = network.hidden(network.pool(network.forward_features(IMAGES)))
            assert torch.equal(network.classifier(torch.from_numpy(features)), network(IMAGES))
        assert torch.equal(torch.from_numpy(features), expected)
        assert not network.classifier._forward_hooks


class TwoHeads(nn.Module):
    """A second head of the same width; the mean of both where `mean`."""

    def __init__(self, *, mean):
        super().__init__()
        self.mean = mean
        self.body = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(48, 7))
        self.aside, self.head = nn.Linear(7, 12), nn.Linear(7, 12)

    def forward(self, x):
        found = self.body(x)
        first, second = self.head(found), self.aside(found)
        return (first + second) / 2 if self.mean else first


def test_the_layer_whose_output_is_the_answer_is_found_among_several():
    module = TwoHeads(mean=False).eval()
    assert torch.equal(torch.from_numpy(take(module)), module.body(IMAGES))


class Rows(nn.Linear):
    def forward(self, x):
        return super().forward(x.flatten(2).movedim(1, 2)).mean(1)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (TwoHeads(mean=True), "no such layer of toy gives its logits as they are"),
        (Rows(3, 12), "no such layer of toy gives its logits"),
        (nn.Sequential(nn.Conv2d(3, 12, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()), "no nn.Linear of 12 outputs"),
        (None, "toy is a graph; leave them out"),
    ],
)
def test_a_model_without_such_a_layer_is_refused(module, message):
    with pytest.raises(UnsupportedModelError, match=message):
        take(module)
