"""Modules of any inputs and outputs: traced, and under every convention."""

import pytest
import torch
from torch import nn

from analysis.complexity import as_dict, layer_rows, model_rows, trace
from analysis.complexity.conventions import CONVENTIONS, count_under, count_under_each, from_dict
from analysis.complexity.conventions.frame import as_document
from rexnet_core import create_model
from rexnet_core.errors import InputError


class Pair(nn.Module):
    """An image and words to one embedding; the outputs lie in a dictionary."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, 2, 1)
        self.words = nn.Embedding(100, 8)
        self.head = nn.Linear(8, 4)

    def forward(self, image, words):
        joined = self.conv(image).mean((2, 3)) + self.words(words).mean(1)
        return {"logits": self.head(joined), "states": (joined, [words])}


class Peeking(nn.Module):
    """A path that depends on the numbers of the image."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)

    def forward(self, x):
        return x if self.conv(x).sum() > 0 else -x


class Raising(nn.Module):
    """An error of a class that nobody knows."""

    class OddError(Exception):
        pass

    def forward(self, _x):
        raise self.OddError("not today\nnor tomorrow")


INPUTS = {"shapes": [(1, 3, 48, 192), (1, 10)], "dtypes": ["float32", "int64"]}
MACS = 8 * 27 * 24 * 96 + 8 * 4


def test_a_module_of_two_inputs_is_counted_at_their_shapes():
    cost = trace(Pair(), **INPUTS, name="py:pairs:Pair")
    assert (cost.model, cost.resolution, cost.macs, cost.params) == ("py:pairs:Pair", 48, MACS, 224 + 800 + 36)
    assert cost.input_shapes == ((1, 3, 48, 192), (1, 10))
    assert as_dict(cost)["input_shapes"] == [[1, 3, 48, 192], [1, 10]]
    assert model_rows([cost])[0]["input_shapes"] == layer_rows(cost)[0]["input_shapes"] == "1x3x48x192 1x10"


@pytest.mark.parametrize("convention", sorted(CONVENTIONS.keys() - {"openvino_preprocessed", "openvino_constants"}))
def test_every_convention_counts_it_with_and_without_data(convention):
    module = Pair()
    counted = count_under(convention, module, **INPUTS, name="pair")
    assert counted == count_under(convention, module.to("meta"), **INPUTS, name="pair")
    assert counted.model == "pair"
    assert from_dict(counted.as_dict()) == counted
    assert as_document([counted])["input_shapes"] == [[1, 3, 48, 192], [1, 10]]
    if CONVENTIONS[convention].quantity == "parameters":
        assert counted.total == 1060
    else:
        assert counted.by_group()["linear"] in {8 * 4, 2 * 8 * 4, 8 * 4 + 4}


def test_preprocessing_is_that_of_an_image():
    with pytest.raises(InputError, match=r"mean and scale of an image of 3 channels, got \(1, 3, 48, 192\) of float32"):
        count_under("openvino_preprocessed", Pair(), **INPUTS)


def test_conventions_that_refuse_a_module_say_why_beside_the_others():
    module = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Flatten(2), nn.LSTM(9, 2))
    counts, refused = count_under_each(("macs", "ptflops", "thop"), module, shapes=[(1, 3, 3, 3)], name="mine")
    assert [(count.convention, count.model) for count in counts] == [("macs", "mine")]
    assert refused.keys() == {"ptflops", "thop"}
    assert "which is not modelled here" in refused["thop"]
    with pytest.raises(InputError, match="must take"):
        count_under_each(("macs", "thop"), module, 32)
    with pytest.raises(InputError, match="unknown convention 'mac'"):
        count_under_each(("mac", "macs"), module, 32)
    with pytest.raises(InputError, match="did you mean 'rexnet_1"):
        count_under_each(("macs", "params"), "rexnt_1.0")


def test_rows_of_vectors_have_their_largest_axis_as_resolution():
    cost = trace(nn.Linear(80, 7), shapes=[(1, 5, 80)])
    assert (cost.resolution, cost.macs, cost.input_shapes) == (80, 5 * 80 * 7, ((1, 5, 80),))


def test_a_square_image_is_what_it_was_however_it_is_said():
    plain = trace("rexnet_plain", 64)
    assert plain == trace("rexnet_plain", shapes=[(1, 3, 64, 64)])
    assert "input_shapes" not in as_dict(plain) | model_rows([plain])[0]
    assert plain.layers == trace(create_model("rexnet_plain"), shapes=[(1, 3, 64, 64)], dtypes=["float32"]).layers
    assert trace("rexnet_plain", shapes=[(1, 1, 64, 64)]) == trace("rexnet_plain", 64, in_channels=1)
    wide = count_under("macs", "rexnet_plain", (64, 96))
    assert wide == count_under("macs", "rexnet_plain", shapes=[(1, 3, 64, 96)])
    assert wide.total == trace("rexnet_plain", shapes=[(1, 3, 64, 96)]).macs


def test_an_image_may_be_smaller_than_any_resolution():
    assert trace(nn.Conv2d(3, 2, 1), shapes=[(1, 3, 1, 5)]).macs == 30


@pytest.mark.parametrize(
    ("shapes", "dtypes", "words"),
    [
        ([], None, r"one shape for each input, such as 1,3,224,224; got \[\]"),
        ("1,3,8,8", None, "got '1,3,8,8'"),
        ([(1, 3, None, 8)], None, r"got \(1, 3, None, 8\)"),
        ([(1, 3, 0, 8)], None, r"whole numbers from 1 on.*got \(1, 3, 0, 8\)"),
        ([(1, True)], None, r"got \(1, True\)"),
        ([(2, 3, 8, 8)], None, r"must begin with a batch of 1, got \(2, 3, 8, 8\)"),
        ([()], None, r"must begin with a batch of 1, got \(\)"),
        ([(1,) * 65], None, "whole numbers from 1 on"),
        ([(1, 3, 8, 8)], ["complex64"], r"one for each of the 1 inputs, of float32.*got \['complex64'\]"),
        ([(1, 3, 8, 8)], [], r"got \[\]"),
        ([(1, 3, 8, 8)], "float32", "got 'float32'"),
        ([(1, 3, 8, 8)], ["int64"], r"must take \(1, 3, 8, 8\) of int64; it gave RuntimeError"),
        (
            [(1, 3, 8, 8), (1, 4)],
            None,
            r"must take \(1, 3, 8, 8\) and \(1, 4\); it gave TypeError.* takes 2",
        ),
        ([(1, 10**9, 10**9, 10**9)], None, "it gave RuntimeError: Storage size calculation overflowed"),
    ],
)
def test_inputs_that_are_none_are_refused_in_one_line(shapes, dtypes, words):
    with pytest.raises(InputError, match=words) as one:
        trace(nn.Conv2d(3, 4, 1), shapes=shapes, dtypes=dtypes)
    assert "\n" not in str(one.value)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (Peeking(), "RuntimeError: .*meta.*whose path does not depend on their numbers"),
        (Raising(), "OddError: not today;"),
    ],
)
def test_a_module_that_breaks_off_is_refused_in_one_line(module, words):
    with pytest.raises(InputError, match=words) as one:
        trace(module, 32)
    assert "\n" not in str(one.value)


class Windows(nn.Module):
    """Attention in windows, as Swin has it: partition, a bias looked up in a table, fused attention, einsum, unfold."""

    def __init__(self, width=8, heads=2, side=4):
        super().__init__()
        self.heads, self.side = heads, side
        self.qkv, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.table = nn.Parameter(torch.zeros((2 * side - 1) ** 2, heads))
        self.register_buffer("places", torch.zeros(side**2, side**2, dtype=torch.int64))
        self.mix = nn.Parameter(torch.zeros(9 * width, width))

    def forward(self, x):
        n, c, h, w = x.shape
        x = x.reshape(n, c, h // self.side, self.side, w // self.side, self.side)
        x = x.permute(0, 2, 4, 3, 5, 1).reshape(-1, self.side**2, c)
        q, k, v = self.qkv(x).reshape(-1, self.side**2, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        bias = self.table[self.places.flatten()].reshape(self.side**2, self.side**2, -1).permute(2, 0, 1)
        x = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        x = self.project(x.transpose(1, 2).reshape(-1, self.side**2, c)).reshape(n, h, w, c).permute(0, 3, 1, 2)
        columns = nn.functional.unfold(x, 3, padding=1)
        return torch.einsum("ncp,cd->ndp", columns, self.mix)


def test_attention_in_windows_counts_its_layers_and_names_the_rest():
    cost = trace(Windows(), shapes=[(1, 8, 8, 16)])
    assert {layer.layer: layer.macs for layer in cost.layers} == {
        "qkv": 128 * 8 * 24,
        "project": 128 * 8 * 8,
        "": 128 * 72 * 8,
    }
    assert {"bmm x2", "safe_softmax x1", "im2col x1"} <= {entry.lstrip("_") for entry in cost.uncounted}
