"""Files of paddle.save give the tensors that were saved, at each protocol and of each version; code in them is refused.

Held of the kind: each way to write an array, saves in saves, big arrays in pieces, plain data beside, each instruction
that calls, names with dots, arrays of objects, sizes that are not there, values within values without end. Paddle
itself is not needed: what it writes is made here by the same pickles.
"""

import collections
import io
import os
import pathlib
import pickle
import re

import numpy as np
import pytest
import torch

from rexnet_core import create_model, dump_weights, load_weights
from rexnet_core.checkpoint import load_tensors
from rexnet_core.errors import WeightsError
from rexnet_core.weights import map_weights

ARRAYS = {
    "features.0.weight": np.arange(24, dtype="f4").reshape(2, 3, 2, 2),
    "features.1._mean": np.arange(3, dtype="f4"),
    "head.weight": np.asfortranarray(np.arange(6, dtype="f4").reshape(2, 3)),
    "half.weight": np.ones((2, 2), dtype="f2"),
    "steps.number": np.array(7, dtype="i8"),
    "empty.bias": np.empty((0, 3), dtype="f4"),
}


class Reduced:
    """Calls a function with arguments when it is read."""

    def __init__(self, function, *given, state=None):
        self.call = (function, given, state)

    def __reduce__(self):
        return self.call


def named(state):
    """As a save within a save has its tensors."""
    return collections.OrderedDict((name, Reduced(tuple, (name, array))) for name, array in state.items())


def save(content, path, protocol=4):
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


def refusal(path):
    with pytest.raises(WeightsError) as caught:
        load_tensors(path)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400
    return str(caught.value)


def assert_all_there(path):
    loaded = load_tensors(path)
    assert loaded.tensors.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert torch.equal(loaded.tensors[name], torch.from_numpy(array.copy()))
    return loaded


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("version", ["numpy._core", "numpy.core"])
def test_arrays_of_each_protocol_and_version_of_numpy_are_read(tmp_path, protocol, version):
    path = save({**ARRAYS, "StructuredToParameterName@@": {"a": "b"}}, tmp_path / "a.pdparams", protocol)
    content = path.read_bytes()
    if protocol < 4:  # a name of protocol 4 stands behind its length
        path.write_bytes(content.replace(b"numpy._core.multiarray", f"{version}.multiarray".encode()))
    assert assert_all_there(path).entry is None


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_save_within_a_save_is_read(tmp_path, protocol):
    scheduler = {"last_epoch": 3, "base_lr": 0.1, "best": np.float64(0.7), "note": None, "on": True, "big": 10**40}
    moments = {"conv_0.w_0_moment1_0": Reduced(tuple, ("a", np.ones((3, 3)))), "LR_Scheduler": scheduler}
    content = {"epoch": 3, "model": named(ARRAYS), "opt": moments}
    assert assert_all_there(save(content, tmp_path / "a.pdparams", protocol)).entry == "model"
    two = save({"model": named(ARRAYS), "ema": named(ARRAYS)}, tmp_path / "b.pdparams", protocol)
    assert "has them in 'model', 'ema'; choose" in refusal(two)
    assert load_tensors(two, "ema").tensors.keys() == ARRAYS.keys()


def test_an_array_in_pieces_is_put_together(tmp_path):
    whole = ARRAYS["features.0.weight"]
    parts = {f"features.0.weight@@.{number}": part for number, part in enumerate(np.split(whole.ravel(), 3))}
    told = {"features.0.weight": {"OriginShape": whole.shape, "slices": list(parts)}}
    rest = {name: array for name, array in ARRAYS.items() if name != "features.0.weight"}
    content = {**rest, **parts, "UnpackBigParamInfor@@": told}
    assert_all_there(save(content, tmp_path / "a.pdparams", 2))
    told["features.0.weight"]["slices"] *= 2
    assert "is damaged" in refusal(save(content, tmp_path / "a.pdparams", 2))


@pytest.mark.parametrize("prefix", ["_layers.", "backbone.model."])
def test_prefixes_are_taken_off(tmp_path, prefix):
    assert_all_there(save({prefix + name: array for name, array in ARRAYS.items()}, tmp_path / "a.pdparams"))


def test_written_file_holds_arrays_as_numpy_writes_them(tmp_path):
    model = create_model("rexnet_0.5", num_classes=7)
    dump_weights(model, tmp_path / "a.pdparams", "paddle")
    arrays = pickle.loads((tmp_path / "a.pdparams").read_bytes())
    assert arrays.keys() == map_weights(model, "paddle").keys()
    assert arrays["output.1.weight"].shape == (7, 640, 1, 1)
    assert {type(array) for array in arrays.values()} == {np.ndarray}
    assert {name.rpartition(".")[2] for name in arrays} == {"weight", "bias", "_mean", "_variance"}
    with pytest.raises(WeightsError, match=r"can't write .*numpy lacks a type: .*BFloat16; choose"):
        dump_weights(model.bfloat16(), tmp_path / "b.pdparams", "paddle")
    assert [path.name for path in tmp_path.iterdir()] == ["a.pdparams"]


def test_logits_are_those_of_the_network_whose_file_it_is(tmp_path):
    source, target = (create_model("rexnet_0.5", num_classes=7).eval() for _ in range(2))
    arrays = {name: tensor.numpy() for name, tensor in map_weights(source, "paddle").items()}
    save({"model": named(arrays), "epoch": 3}, tmp_path / "a.pdparams", 2)
    assert load_weights(target, tmp_path / "a.pdparams") == "paddle"
    image = torch.rand(1, 3, 32, 32)
    with torch.inference_mode():
        assert torch.equal(source(image), target(image))


def hostile(trace):
    touch = Reduced(pathlib.Path.touch, trace)
    return {
        "a call of the system": (Reduced(os.system, f"touch {trace}"), "posix.system"),
        "eval, as old saves have it": (Reduced(eval, f"open({str(trace)!r}, 'w')"), "builtins.eval"),
        "a class": (Reduced(io.FileIO, str(trace), "w"), "io.FileIO"),
        "in an array": (np.array([touch], dtype=object), "found 'O8'"),
        "as a state": (Reduced(tuple, (), state={"a": touch}), "pathlib.Path"),
        "an attribute": (Reduced(getattr, np.float64(0), "dtype"), "builtins.getattr"),
    }


@pytest.mark.parametrize("kind", hostile(pathlib.Path("x")))
@pytest.mark.parametrize("protocol", range(6))
def test_code_is_refused_by_name_and_not_run(tmp_path, kind, protocol):
    trace = tmp_path / "ran"
    value, said = hostile(trace)[kind]
    message = refusal(save({**ARRAYS, "epoch": value}, tmp_path / "a.pdparams", protocol))
    assert not trace.exists()
    if 2 <= protocol <= 4:
        assert re.search(rf"{re.escape(said)}|getattr", message)
        assert "is never run" in message or "must be one of" in message


@pytest.mark.parametrize("name", ["numeric.sys.modules", "multiarray._reconstruct.__globals__", "eval", "load"])
@pytest.mark.parametrize("module", ["numpy.core", "numpy", "numpy._core.multiarray", "builtins", "collections", ""])
def test_dotted_names_and_others_of_an_allowed_module_are_refused(tmp_path, module, name):
    parts = [one.encode() for one in (module, name)]
    names = b"".join(b"\x8c" + bytes([len(one)]) + one for one in parts)
    (tmp_path / "a.pdparams").write_bytes(b"\x80\x04" + names + b"\x93.")
    assert f"holds '{module}.{name}', which is neither" in refusal(tmp_path / "a.pdparams")


def nested(levels):
    """Instructions for a tuple in a tuple in a tuple..."""
    return b")" + b"\x85" * levels


RECONSTRUCTED = b"cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85C\x01btR"
F4 = b"cnumpy\ndtype\nX\x02\x00\x00\x00f4\x85R"
BAD = {
    "a number of bytes that are not there": b"\x8e" + b"\xff" * 7 + b"\x3f",
    "a place far behind": b"N" + b"r\xff\xff\xff\x7f.",
    "a reference to nothing": b"j\xff\xff\xff\x7f.",
    "a tuple without end as a key": b"}" + nested(3 * 10**5) + b"Ns.",
    "a set of tuples without end": b"\x8f(" + nested(3 * 10**5) + b"\x90.",
    "an extension": b"\x82\x01.",
    "an object of another file": b"N\x51.",
    "a state for a dictionary": b"}}b.",
    "a state for a name": b"cbuiltins\ntuple\n}X\x01\x00\x00\x00aNsb.",
    "an array without end": RECONSTRUCTED + b"(K\x01\x8a\x08" + b"\xff" * 7 + b"\x3f\x85" + F4 + b"\x89C\x00tb.",
    "an array with too few values": RECONSTRUCTED + b"(K\x01K\x09\x85" + F4 + b"\x89C\x04abcdtb.",
    "an array with too many values": RECONSTRUCTED + b"(K\x01K\x01\x85" + F4 + b"\x89C\x08abcdabcdtb.",
    "an array of negative length": RECONSTRUCTED + b"(K\x01J\xff\xff\xff\xff\x85" + F4 + b"\x89C\x04abcdtb.",
    "an array of many axes": RECONSTRUCTED + b"(K\x01(" + b"K\x01" * 99 + b"t" + F4 + b"\x89C\x04abcdtb.",
    "an array of no type": RECONSTRUCTED + b"(K\x01K\x01\x85N\x89C\x04abcdtb.",
    "a type that is a tuple": b"cnumpy\ndtype\n" + nested(10**5) + b"\x85R.",
    "big-endian numbers": F4 + b"(K\x03X\x01\x00\x00\x00>NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb.",
    "a list in itself": b"]q\x00h\x00a.",
    "a dictionary in itself": b"}q\x00X\x01\x00\x00\x00ah\x00s.",
    "lists without end": b"]" * 10**5 + b"a" * (10**5 - 1) + b".",
    "a key that is a huge number": b"}\x8b\x00\x01\x01\x00" + b"\x7f" * 65792 + b"Ns.",
    "text": b"<html>not found</html>",
    "a zip": b"PK\x03\x04" + bytes(99),
    "nothing to end it": b"N",
}


@pytest.mark.parametrize("kind", BAD)
def test_damaged_and_hostile_instructions_end_in_one_line(tmp_path, kind):
    (tmp_path / "a.pdparams").write_bytes(b"\x80\x04" + BAD[kind])
    refusal(tmp_path / "a.pdparams")


def test_what_a_file_refers_to_many_times_is_made_and_searched_once(tmp_path):
    """Four dictionaries of a thousand times the one before would be a trillion."""
    inner = {"a": {}}
    for _ in range(4):
        inner = {f"a{number}": inner for number in range(1000)}
    with pytest.raises(WeightsError, match="must hold named tensors"):
        load_tensors(save(inner, tmp_path / "a.pdparams"))
