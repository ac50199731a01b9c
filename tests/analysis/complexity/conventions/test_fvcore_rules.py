"""fvcore's rules on runs without data, against fvcore itself on real tensors."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from analysis.complexity.conventions import count_under
from analysis.complexity.conventions.fvcore_rules import count_by_fvcore_rules
from analysis.complexity.inputs import check_inputs
from rexnet_core import create_model


class Everything(nn.Module):
    """Every function that has a rule, and some that have none; arguments by place and by name."""

    def __init__(self):
        super().__init__()
        self.conv, self.same = nn.Conv2d(3, 8, 3, 2, groups=1), nn.Conv2d(8, 8, 3, padding="same")
        self.up, self.row = nn.ConvTranspose2d(8, 4, 2, 2), nn.Conv1d(8, 8, 3)
        self.norms = nn.Sequential(nn.BatchNorm2d(8), nn.BatchNorm2d(8, affine=False), nn.GroupNorm(2, 8))
        self.plain, self.instance = nn.LayerNorm(8, elementwise_affine=False), nn.InstanceNorm2d(8, affine=True)
        self.weight = nn.Parameter(torch.ones(5, 8))

    def forward(self, x):
        x = self.instance(self.norms(self.same(self.conv(x))))
        standard = functional.batch_norm(self.weight[None], None, None, training=True)[0]
        x = x + functional.interpolate(functional.adaptive_avg_pool2d(x, 2), x.shape[2:])
        x = functional.interpolate(x, scale_factor=2, mode="bilinear") + functional.interpolate(x, None, 2, "bicubic")
        x = functional.avg_pool2d(x, 2) + functional.conv2d(x, weight=self.same.weight, stride=2, padding=1)
        rows = self.plain(self.row(x.flatten(2)).transpose(1, 2))
        rows = functional.linear(rows, standard) @ self.weight + torch.matmul(rows, other=self.weight.T @ self.weight)
        rows = torch.addmm(rows[0, 0], rows[0], self.weight.T @ self.weight).mm(self.weight.T)
        mixed = torch.einsum("nchw,dc->ndhw", x, self.weight)
        grid = torch.zeros(1, 3, 5, 2, dtype=x.dtype, device=x.device)
        rows = torch.layer_norm(rows, (5,)), torch.group_norm(x, 2, self.norms[0].weight)
        return rows, mixed, self.up(x), functional.grid_sample(x, grid, align_corners=False), torch.bmm(x[0], x[0].mT)


@pytest.mark.parametrize("module", [Everything(), create_model("rexnet_lite_1.0"), create_model("regnetx_200mf")])
def test_it_counts_what_fvcore_counts(module):
    ours, theirs = count_by_fvcore_rules(module, 64), count_under("fvcore", module, 64)
    names = {"upsample_nearest2d": "upsample", "upsample_bilinear2d": "upsample", "mm": "matmul", "bmm": "matmul"}

    def add_up(count):
        sums = {}
        for operator, amount in count.by_operator().items():
            name = names.get(operator, operator)
            sums[name] = sums.get(name, 0) + amount
        return sums

    assert add_up(ours) == add_up(theirs)


class SelfAttention(nn.Module):
    """torch's own layer, which takes other paths in inference; with weights, fvcore sees its products."""

    def __init__(self):
        super().__init__()
        self.attend = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, rows):
        return self.attend(rows, rows, rows)


def test_it_counts_torchs_own_attention():
    inputs = check_inputs([(1, 7, 8)])
    ours = count_by_fvcore_rules(SelfAttention(), inputs).total
    assert ours == 7 * 8 * 8 * 4 + 2 * 7 * 7 * 8
    assert ours == count_under("fvcore", SelfAttention(), shapes=inputs.shapes).total


def test_it_counts_fused_attention_as_its_two_products():
    class Fused(nn.Module):
        def forward(self, queries, keys, values):
            return functional.scaled_dot_product_attention(queries, keys, value=values)

    counted = count_by_fvcore_rules(Fused(), check_inputs([(1, 2, 5, 4), (1, 2, 7, 4), (1, 2, 7, 3)]))
    assert counted.total == 2 * 5 * 7 * (4 + 3)
