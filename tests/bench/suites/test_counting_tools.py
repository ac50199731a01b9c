"""A quick part of what the suite `test_tools` shows for every module: conventions are what their tools print.

Held besides: that the list of modules is long and has the kinds that counters stumble over.
"""

import pytest
import torch

from analysis.complexity.conventions import CONVENTIONS, count_under
from bench.suites.support.counting_tools import TOOLS
from bench.suites.support.unregistered_modules import MODULES, SIDE, is_refused
from rexnet_core.errors import InputError

QUICK = (
    *("attention by operator", "attention by fused", "MultiheadAttention", "TransformerEncoder", "LSTM", "GRU"),
    "fused attention after a TransformerEncoderLayer",
    *("mixer", "dense block in a list", "shared layer", "shared entries of a list", "tied tensors", "functional"),
    *("weight norm", "weight norm by hooks", "several outputs", "u shape", "transposed", "weights from the image"),
)

pytestmark = [
    pytest.mark.filterwarnings("ignore:distutils Version classes:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*weight_norm. is deprecated:FutureWarning"),
]


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", QUICK)
def test_a_convention_is_what_its_tool_prints_or_refuses(name, tool):
    if is_refused(tool, name):
        with pytest.raises(InputError, match=r"0\..* counts .*, which is not modelled here; got one at"):
            count_under(tool, MODULES[name](), SIDE)
    else:
        printed = TOOLS[tool](MODULES[name](), torch.rand(1, 3, SIDE, SIDE))
        assert count_under(tool, MODULES[name](), SIDE).total == printed


def test_the_parts_of_a_total_are_at_modules_that_ran_it():
    parts = count_under("torch", MODULES["dense block in a list"](), SIDE).parts
    assert [(part.layer, part.amount) for part in parts] == [
        ("layers.0", 2 * 32 * 32 * 4 * 27),
        ("layers.1", 2 * 32 * 32 * 4 * 63),
    ]
    shared = count_under("torch", MODULES["shared layer"](), SIDE).parts
    assert [(part.layer, part.amount) for part in shared] == [("a", 2 * 2 * 32 * 32 * 3 * 27)]


def make_encoder():
    torch.manual_seed(0)
    return MODULES["TransformerEncoder"]()


@pytest.mark.parametrize("convention", ["torch", "macs", "thop"])
def test_gradients_and_training_mode_do_not_change_what_a_convention_counts(convention):
    training, frozen = make_encoder().train(), make_encoder().eval().requires_grad_(requires_grad=False)
    total = count_under(convention, training, SIDE).total
    assert count_under(convention, frozen, SIDE).total == total
    with torch.inference_mode():
        assert count_under(convention, training, SIDE).total == total
    assert count_under(convention, training.to("meta"), SIDE).total == total


def test_fvcore_counts_frozen_attention_as_the_tool_does():
    frozen = make_encoder().requires_grad_(requires_grad=False)
    counted = count_under("fvcore", frozen, SIDE).total
    assert counted == TOOLS["fvcore"](frozen, torch.rand(1, 3, SIDE, SIDE))
    assert counted < count_under("fvcore", make_encoder(), SIDE).total


def test_torch_says_in_which_mode_it_holds():
    words = CONVENTIONS["torch"].counts + CONVENTIONS["torch"].leaves_out
    assert "inference mode" in words
    assert "no_grad" in words


def test_the_modules_are_many_and_of_all_kinds():
    assert len(MODULES) >= 50
    assert all(len([name for name in MODULES if not is_refused(tool, name)]) >= 30 for tool in TOOLS)
    words = ("attention by", "LSTM", "GRU", "transposed", "grouped", "dilated", "shared", "functional", "outputs")
    assert all(any(word in name for name in MODULES) for word in words)
