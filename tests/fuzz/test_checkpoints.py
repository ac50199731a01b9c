"""Checkpoints of both kinds with a few edits, and documents of any shape that were saved as one."""

import io

import pytest
import torch
from mutations import edit, make_value
from safetensors.torch import save

from rexnet_core import create_model, load_weights


def _save(document):
    file = io.BytesIO()
    torch.save(document, file)
    return file.getvalue()


_STATE = {"features.0.weight": torch.ones(2, 3, 1, 1), "output.0.bias": torch.zeros(3), "steps": torch.tensor(7)}
_ENTRIES = ("state_dict", "model", "model_ema", "state_dict_ema", "ema", "epoch", "args", "n_averaged", "module.x")
_SAVED = [_save(_STATE), _save({"state_dict": _STATE, "epoch": 3}), _save(torch.ones(3))]
_SAFE = save(_STATE)


def _make(chance):
    if chance.random() < 0.3:
        return "a.safetensors", edit(chance, _SAFE)
    if chance.random() < 0.7:
        return "a.pth", edit(chance, chance.choice(_SAVED))
    names = chance.sample(_ENTRIES, chance.randrange(1, 4))
    return "a.pth", _save({name: _STATE if chance.random() < 0.4 else make_value(chance) for name in names})


@pytest.fixture(scope="module")
def model():
    return create_model("rexnet_0.5", num_classes=3)


def test_any_checkpoint_is_refused_in_one_line_or_loaded(fuzz, tmp_path, model):
    def attempt(made):
        name, content = made
        (tmp_path / name).write_bytes(content)
        load_weights(model, tmp_path / name)
        return "loaded"

    fuzz("checkpoints", _make, attempt)
