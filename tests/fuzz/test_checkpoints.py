"""Checkpoints of each kind with a few edits, and documents of any shape saved as one; no code in them runs."""

import pickle

import pytest
from mutated_checkpoints import ARRAYS, STATE, make_mutated, save_zip, whole_files
from mutations import make_value

from rexnet_core import create_model, load_weights

_ENTRIES = ("state_dict", "model", "model_ema", "state_dict_ema", "ema", "epoch", "args", "n_averaged", "module.x")


def _make(chance, files):
    if chance.random() < 0.8:
        return make_mutated(chance, files)
    suffix, state, write = chance.choice([(".pth", STATE, save_zip), (".pdparams", ARRAYS, pickle.dumps)])
    names = chance.sample(_ENTRIES, chance.randrange(1, 4))
    return suffix, write({name: state if chance.random() < 0.4 else make_value(chance) for name in names})


@pytest.fixture(scope="module")
def model():
    return create_model("rexnet_0.5", num_classes=3)


def test_any_checkpoint_is_refused_in_one_line_or_loaded(fuzz, tmp_path, model):
    files = whole_files(tmp_path / "ran")

    def attempt(made):
        suffix, content = made
        (tmp_path / f"a{suffix}").write_bytes(content)
        try:
            load_weights(model, tmp_path / f"a{suffix}")
        finally:
            assert not (tmp_path / "ran").exists()
        return "loaded"

    fuzz("checkpoints", lambda chance: _make(chance, files), attempt)
