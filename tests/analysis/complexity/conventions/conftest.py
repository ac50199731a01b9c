"""A model that no rule was written for, and sums by layer."""

from collections import Counter

import pytest
import torch
from torch import nn
from torch.nn import functional


class Subclassed(nn.BatchNorm2d):
    """A batch norm whose class no hook-based tool knows."""


class Odd(nn.Module):
    """Modules, functions and operators mixed, with a subclassed norm and `atan`, for which nobody has a rule."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, 2, 1)
        self.norm = nn.BatchNorm2d(8)
        self.act = nn.ReLU()
        self.grouped = nn.Conv2d(8, 8, 3, 1, 1, groups=2, bias=False)
        self.subclassed = Subclassed(8)
        self.silu = nn.SiLU()
        self.pool = nn.Sequential(nn.MaxPool2d(2), nn.AvgPool2d(2))
        self.classifier = nn.Linear(8, 5)

    def forward(self, x):
        first = self.act(self.norm(self.conv(x)))
        second = functional.relu(self.subclassed(self.grouped(first)))
        out = self.silu(torch.add(first, second) * second)
        out = self.pool(functional.max_pool2d(torch.atan(out), 2))
        return functional.softmax(
            self.classifier(functional.gelu(functional.adaptive_avg_pool2d(out, 1).flatten(1))), 1
        )


@pytest.fixture(scope="session")
def by_layer():
    """Sums the amounts of a count layer by layer."""

    def sum_layers(count):
        sums = Counter()
        for part in count.parts:
            sums[part.layer] += part.amount
        return dict(sums)

    return sum_layers


@pytest.fixture
def odd():
    return Odd()
