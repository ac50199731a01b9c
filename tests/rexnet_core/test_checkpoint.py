"""Files of torch.save: plain data beside the tensors is let by, whatever else is refused by name, and nothing is run.

Held of the kind: what training scripts save (options, numpy's numbers and arrays, paths, dates, counters, containers),
the suffixes they give their files, and files that would call something: in each place of a file, by each instruction.
"""

import argparse
import collections
import datetime as dt
import decimal
import fractions
import os
import pathlib
import pickle
import random
import shutil
import types
import uuid
import zipfile

import numpy as np
import pytest
import torch

from rexnet_core import create_model, load_weights
from rexnet_core.checkpoint import load_tensors
from rexnet_core.errors import WeightsError
from rexnet_core.inert_pickles import stand_ins
from rexnet_core.weights import map_weights

TENSORS = {"stem.weight": torch.ones(2, 2), "head.weight": torch.zeros(3)}
PLAIN = {
    "options": argparse.Namespace(
        lr=0.1, out=pathlib.Path("out"), kind=float, sizes=[1, 2], inner=argparse.Namespace()
    ),
    "simple": types.SimpleNamespace(lr=1),
    "number": np.float64(0.5),
    "numbers": [np.float32(1), np.int64(2), np.uint8(3), np.bool_(True), np.float16(1), np.complex64(1j), np.str_("a")],
    "array": np.arange(6.0).reshape(2, 3),
    "texts": np.array(["a", "bc"]),
    "objects": np.array([None, "a", 3], dtype=object),
    "records": np.zeros(2, dtype=[("a", "f4"), ("b", "i8")]),
    "dtype": np.dtype("f4"),
    "numpy type": np.float32,
    "date": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    "duration": dt.timedelta(seconds=3),
    "path": pathlib.Path("a/b"),
    "pure path": pathlib.PurePosixPath("a"),
    "decimal": decimal.Decimal("0.1"),
    "fraction": fractions.Fraction(1, 3),
    "id": uuid.UUID(int=3),
    "counter": collections.Counter("abc"),
    "ordered": collections.OrderedDict(a=1),
    "default": collections.defaultdict(list, a=[1]),
    "queue": collections.deque([1, 2], maxlen=3),
    "sets": [{1}, frozenset({2}), range(3), slice(1, 2), 1j, b"bytes", bytearray(b"more")],
    "random": [random.getstate(), np.random.get_state(), torch.get_rng_state()],  # noqa: NPY002 - what scripts save
    "types": [int, str, list, dict, torch.float16, torch.device("cpu"), torch.Size([1])],
    "large": 10**40,
}


@pytest.mark.parametrize("what", PLAIN)
@pytest.mark.parametrize("zipped", [True, False])
def test_plain_data_beside_the_tensors_is_let_by(tmp_path, what, zipped):
    path = tmp_path / "checkpoint.pth.tar"
    content = {"epoch": 3, "before": PLAIN[what], "state_dict": TENSORS, "args": {"deep": [PLAIN[what]]}}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    loaded = load_tensors(path)
    assert loaded.entry == "state_dict"
    assert loaded.tensors.keys() == {"stem.weight", "head.weight"}
    assert torch.equal(loaded.tensors["stem.weight"], torch.ones(2, 2))


def test_weights_in_a_default_dictionary_are_found(tmp_path):
    torch.save(collections.defaultdict(dict, state_dict=TENSORS, ema=TENSORS), tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="has them in 'state_dict', 'ema'"):
        load_tensors(tmp_path / "a.pth")


def test_plain_data_in_place_of_a_tensor_is_refused(tmp_path):
    torch.save({"state_dict": {**TENSORS, "head.bias": np.zeros(3)}}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=r"must hold named tensors, 'head\.bias' is"):
        load_tensors(tmp_path / "a.pth")


def test_no_class_of_another_library_is_made():
    """A dtype or an array of numpy takes flags from a pickle that make it read numbers as addresses."""
    assert all(made.__mro__[1].__module__ == "rexnet_core.inert_pickles" for made in stand_ins())
    kept = [made("a", 1) for made in stand_ins() if made.__name__ not in {"defaultdict", "deque"}]
    assert not any(vars(value) for value in kept)


def test_what_torch_takes_for_safe_is_left_as_it_was(tmp_path):
    before = set(torch.serialization.get_safe_globals())
    torch.save({"state_dict": TENSORS, "args": argparse.Namespace()}, tmp_path / "a.pth")
    load_tensors(tmp_path / "a.pth")
    assert set(torch.serialization.get_safe_globals()) == before


@pytest.mark.parametrize("suffix", ["pth", "pt", "pth.tar", "tar", "ckpt", "bin", "PTH.TAR"])
def test_suffixes_of_training_scripts_are_read(tmp_path, suffix):
    torch.save(TENSORS, tmp_path / f"a.{suffix}")
    assert load_tensors(tmp_path / f"a.{suffix}").entry is None


class Unknown:
    """A class that stands for any of a training library."""


class Reduced:
    """Calls a function with arguments when it is read."""

    def __init__(self, function, *given, state=None):
        self.call = (function, given, state)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("value", [Unknown(), Unknown, os.getcwd, argparse.Namespace(inner=Unknown())])
def test_a_class_or_function_that_is_refused_is_named(tmp_path, value):
    torch.save({"state_dict": TENSORS, "args": value}, tmp_path / "a.pth")
    with pytest.raises(WeightsError) as caught:
        load_tensors(tmp_path / "a.pth")
    name = "posix.getcwd" if value is os.getcwd else f"{Unknown.__module__}.Unknown"
    assert name in str(caught.value)
    assert "which is neither tensors nor plain data and is never run; save its state dict alone" in str(caught.value)
    assert "\n" not in str(caught.value)


def hostile(trace):
    """Values that leave a trace if anything in them is called, one for each way to call."""
    touch = Reduced(pathlib.Path.touch, trace)
    return {
        "alone": touch,
        "by the system": Reduced(os.system, f"touch {trace}"),
        "by the shell of another module": Reduced(shutil.move, str(trace.parent / "here"), str(trace)),
        "by exec": Reduced(exec, f"open({str(trace)!r}, 'w')"),
        "in options": argparse.Namespace(inner=touch),
        "as a state": Reduced(argparse.Namespace, state={"inner": touch}),
        "as an argument": Reduced(collections.defaultdict, touch),
        "in an array": np.array([touch], dtype=object),
        "as a key": {(touch,): 1},
        "as an attribute of a stand-in": Reduced(getattr, argparse.Namespace(), "__class__"),
        "as a tensor's hook": Reduced(torch._utils._rebuild_tensor_v2, touch, 0, (1,), (1,), False, touch),
    }


@pytest.mark.parametrize("kind", hostile(pathlib.Path("x")))
@pytest.mark.parametrize("form", ["zip", "legacy", *range(6)])
def test_nothing_in_a_file_is_run(tmp_path, kind, form):
    """By torch.save in both of its formats, and as a plain pickle of each protocol."""
    trace, path = tmp_path / "ran", tmp_path / "weights.pth"
    (tmp_path / "here").touch()
    content = {"state_dict": TENSORS, "args": hostile(trace)[kind]}
    if isinstance(form, int):
        path.write_bytes(pickle.dumps(content, protocol=form))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=form == "zip")
    with pytest.raises(WeightsError) as caught:
        load_tensors(path)
    assert not trace.exists()
    assert "\n" not in str(caught.value)
    if form in {"zip", "legacy"}:
        assert "is never run" in str(caught.value)


def test_names_with_control_characters_stay_on_one_line(tmp_path):
    path = tmp_path / "a.pth"
    torch.save({"state_dict": TENSORS}, tmp_path / "plain.pth")
    with zipfile.ZipFile(tmp_path / "plain.pth") as plain, zipfile.ZipFile(path, "w") as changed:
        for name in plain.namelist():
            data = b"\x80\x02cmodule\nna\x1b[31mme\n." if name.endswith("data.pkl") else plain.read(name)
            changed.writestr(name, data)
    with pytest.raises(WeightsError) as caught:
        load_tensors(path)
    assert str(caught.value).isprintable()


def test_another_protocol_is_not_called_code(tmp_path):
    torch.save(TENSORS, tmp_path / "a.pth", pickle_protocol=4)
    with pytest.raises(
        WeightsError, match=r"pickled by another protocol than torch\.save's own; save its state dict anew"
    ):
        load_tensors(tmp_path / "a.pth")


def test_file_that_holds_a_whole_model_is_refused(tmp_path):
    model = create_model("rexnet_0.5")
    torch.save(model, tmp_path / "model.pth")
    with pytest.raises(WeightsError, match=r"holds 'rexnet_core\.network\.Network', which is neither tensors"):
        load_weights(model, tmp_path / "model.pth")
    torch.save(torch.zeros(3), tmp_path / "tensor.pth")
    with pytest.raises(WeightsError, match="must hold named tensors, found Tensor"):
        load_weights(model, tmp_path / "tensor.pth")


def test_whole_checkpoint_of_a_training_script_loads(tmp_path):
    """As timm's train.py writes it: options beside the weights and their average, in a file of suffix pth.tar."""
    model = create_model("rexnet_0.5")
    momentum = {"state": {0: {"momentum_buffer": model.stem.conv.weight.detach()}}, "param_groups": [{"lr": 0.1}]}
    content = {
        "epoch": 3,
        "arch": "rexnet_050",
        "state_dict": map_weights(model, "timm"),
        "optimizer": momentum,
        "version": 2,
        "args": argparse.Namespace(lr=0.1),
        "metric": np.float64(77.9),
    }
    torch.save(content, tmp_path / "last.pth.tar")
    other = create_model("rexnet_0.5")
    assert load_weights(other, tmp_path / "last.pth.tar") == "timm"
    assert all(torch.equal(one, two) for one, two in zip(model.parameters(), other.parameters(), strict=True))
