"""Files of each publisher and training library, whole, with code in them, and with a few edits."""

import io
import os
import pickle

import numpy as np
import torch
from mutations import edit
from safetensors.torch import save

STATE = {"features.0.weight": torch.ones(2, 3, 1, 1), "output.0.bias": torch.zeros(3), "steps": torch.tensor(7)}
ARRAYS = {"features.0.weight": np.ones((2, 3, 1, 1), dtype="f4"), "output.0.bias": np.zeros(3, dtype="f4")}
PYCLS = {
    "epoch": 3,
    "model_state": STATE,
    "optimizer_state": {"state": {}, "param_groups": []},
    "cfg": "MODEL:\n  A: 1",
}
LIGHTNING = {
    "state_dict": {f"model.{name}": tensor for name, tensor in STATE.items()},
    "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_score": torch.tensor(0.5)}},
    "pytorch-lightning_version": "2.5.0",
    "hyper_parameters": {"lr": 0.1},
}


class Code:
    """Runs a command when it is read."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.system, (f"touch {self.trace}",)


def save_zip(document):
    return _save(document, zipped=True)


def save_legacy(document):
    return _save(document, zipped=False)


def _save(document, *, zipped):
    file = io.BytesIO()
    torch.save(document, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


def whole_files(trace):
    """Suffix -> files; those that have an entry ``code`` would leave a trace."""
    code = {"code": Code(trace)}
    nested = {"model": dict(ARRAYS), "epoch": 3, "best": np.float64(0.5)}
    return {
        ".pdparams": [pickle.dumps(one, protocol=p) for p in (2, 3, 4) for one in (ARRAYS, nested, nested | code)],
        ".pyth": [save_zip(PYCLS), save_zip(PYCLS | code)],
        ".ckpt": [
            save_zip(LIGHTNING),
            save_zip(LIGHTNING | code),
            save_legacy(LIGHTNING),
            save_legacy(LIGHTNING | code),
        ],
        ".bin": [save_zip(STATE), save_legacy(STATE), save_zip(STATE | code)],
        ".safetensors": [save(STATE)],
    }


def make_mutated(chance, files):
    """A suffix, and one of its files with a few edits."""
    suffix = chance.choice(sorted(files))
    return suffix, edit(chance, chance.choice(files[suffix]))
