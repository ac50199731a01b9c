"""Models that misbehave: each is one line about itself, in the process that describes it or prepares it."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.assets import prepare
from bench.describe import describe
from bench.records.inputs import load_inputs
from bench.records.subject import Question
from rexnet_core.errors import InputError, ModelError, UnsupportedModelError
from rexnet_core.sources.python_callable import parse_model_args
from rexnet_core.sources.registry import resolve
from rexnet_core.sources.source import Request

SIDE = 16


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with the guests in it; nothing that is imported from it stays."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "guests.py").write_text((Path(__file__).parent / "guests/guests.txt").read_text())
    before, path = set(sys.modules), list(sys.path)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def ask(guest, *shapes):
    kind, name = resolve(Request(name=guest if ":" in guest else f"py:guests:{guest}", trust=True))
    return describe(Question(model=name, source=kind, resolution=None if shapes else SIDE, shapes=shapes))


def make_ready(guest, folder, *shapes, batch=2, **more):
    """What preparing answers."""
    subject = ask(guest, *shapes)
    assert subject.fault is None
    place = folder / "shared"
    place.mkdir(exist_ok=True)
    task = {"model": subject.model, "source": subject.source, "fingerprint": subject.fingerprint}
    task |= {"resolution": SIDE, "shapes": subject.shapes, "batch": batch, "threads": 1, "seed": 0, "weights": None}
    return prepare({**task, "folder": str(place), "exports": [], **more})


UNOPENED = {
    "returns_none": "must return a torch.nn.Module, it returned NoneType",
    "returns_class": "it returned the class Plain, not one of its objects",
    "number": "must name a callable or a torch.nn.Module, it names a value of type int",
    "raises": r"raised RuntimeError: first \(guests.py, line \d+\)",
    "calls_exit": r"called sys.exit\(3\)",
    "recurses": "raised RecursionError: maximum recursion depth exceeded",
    "raises_base": "raised Odd: odd",
    "raises_dumb": "raised Dumb: Dumb",
    "bad_modules": "raised RuntimeError: modules",
    "bad_state": "raised RuntimeError: state",
    "bad_cfg": "raised RuntimeError: cfg",
    "lazy": "has the tensor 1.weight, which has no size before the first call; call the module once",
    "on_meta": "has the tensor conv.weight, which is on the device meta; return the module on the CPU",
    "quantised": "keeps 1._packed_params.dtype, which is no tensor",
    "quantised_buffer": "has the tensor q, which is quantised",
    "sparse": "has the tensor q, which is sparse",
}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("guest", UNOPENED)
def test_what_is_no_module_that_can_be_measured_says_why(guest):
    subject = ask(guest)
    status, reason = subject.fault
    assert status == ("unsupported" if "has the tensor" in UNOPENED[guest] or "keeps" in UNOPENED[guest] else "failed")
    assert re.search(UNOPENED[guest], reason)
    assert "\n" not in reason


UNCOMPARED = {
    "gives_nan": (ModelError, "output has NaN or infinite values, 100% of all"),
    "is_random": (ModelError, "it is random, as with dropout left on"),
    "counts_calls": (ModelError, "keeps something from call to call"),
    "changes_shape": (ModelError, "changes its size with the input"),
    "gives_text": (UnsupportedModelError, "output holds no tensor"),
    "gives_none": (UnsupportedModelError, "output holds no tensor"),
    "gives_itself": (ModelError, "raised RecursionError when it computed"),
    "gives_complex": (UnsupportedModelError, "has the type torch.complex64"),
    "gives_numpy": (UnsupportedModelError, "has the type float32; outputs must be tensors of torch"),
    "gives_empty": (UnsupportedModelError, "a tensor without values"),
    "has_nan_weights": (ModelError, "NaN or infinite"),
    "writes_input": (ModelError, "the model writes into its input"),
    "exits_later": (ModelError, r"called sys.exit\(2\) when it computed"),
    "refuses_eval": (ModelError, "raised RuntimeError when it was put into eval mode: no mode"),
    "wants_two": (ModelError, "missing 1 required positional argument: 'y'"),
}


@pytest.mark.parametrize("guest", UNCOMPARED)
def test_a_model_whose_outputs_can_not_be_compared_says_why(guest, folder):
    error, words = UNCOMPARED[guest]
    with pytest.raises(error, match=words):
        make_ready(guest, folder)


#: How many values each output has.
ODD = {
    "gives_table": [5, 1, 1],
    "gives_scalar": [1],
    "gives_whole_numbers": [1],
    "gives_truths": [5],
    "gives_named": [1, 1],
    "gives_subclass": [5],
    "is_tied": [4],
    "is_not_contiguous": [5],
    "has_extra_state": [5],
    "is_half": [5],
    "is_double": [5],
    "is_partly_half": [5],
    "has_mask": [5],
    "has_no_tensors": [3 * SIDE**2],
    "begins_alike": [5],
    "is_scripted": [5],
    "prints": [5],
    "moves": [5],
    "an_object": [5],
    "Plain": [5],
}


@pytest.mark.parametrize("guest", ODD)
def test_an_unusual_model_is_measured_with_the_same_weights_everywhere(guest, folder):
    assert make_ready(guest, folder)["outputs"] == ODD[guest]
    first = np.load(folder / "shared/reference.npy")
    make_ready(guest, folder)
    np.testing.assert_array_equal(np.load(folder / "shared/reference.npy"), first)
    assert Path.cwd() == folder


def test_several_inputs_are_fed(folder):
    assert make_ready("wants_two", folder, (3, SIDE, SIDE), (5,))["outputs"] == [5]
    assert [values.shape[1:] for values in load_inputs(folder / "shared")] == [(2, 3, SIDE, SIDE), (2, 5)]


@pytest.mark.usefixtures("folder")
def test_a_model_that_can_not_be_counted_is_measured_all_the_same():
    subject = ask("exits_later")
    assert subject.fault is None
    assert "sys.exit(2)" in subject.uncounted


@pytest.mark.parametrize("name", ["bench", "json", "torch"])
def test_nothing_of_a_users_folder_hides_a_module_of_ours_or_of_others(name, folder):
    (folder / f"{name}.py").write_text("raise RuntimeError('the wrong one')")
    (folder / "uses.py").write_text(f"import {name}\nfrom guests import Plain")
    assert ask("py:uses:Plain").fault is None
    with pytest.raises(InputError, match=r"is a module of (rexbench|Python) itself|is hidden by the installed package"):
        ask(f"py:{name}:Plain")


def test_an_error_at_import_names_its_place(folder):
    (folder / "broken.py").write_text("x = 1\nimport no_such_module\n")
    (folder / "unreadable.py").write_text("def f(:\n")
    assert ask("py:broken:f").fault == (
        "failed",
        "py:broken:f raised ModuleNotFoundError: No module named 'no_such_module' (broken.py, line 2)",
    )
    assert "raised SyntaxError: invalid syntax (unreadable.py, line 1)" in ask("py:unreadable:f").fault[1]


def test_a_model_that_changes_after_it_was_described_is_not_measured(folder):
    with pytest.raises(
        ModelError, match="has changed since it was described: its fingerprint was sha256:0, and is sha"
    ):
        make_ready("Plain", folder, fingerprint="sha256:0")


WRONG_ARGUMENTS = ["{", "[]", "3", "", '{"a": NaN}', '{"a": 1e999}', "[" * 100_000, '{"a":' * 50_000]
WRONG_ARGUMENTS += ['{"a": ' + "9" * 5000 + "}"]


@pytest.mark.parametrize("text", WRONG_ARGUMENTS)
def test_arguments_are_a_json_object(text):
    with pytest.raises(InputError, match=r"must be a JSON object such as .* got") as caught:
        parse_model_args(text)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("name", "words"),
    {
        "py:__main__:f": "needs the module __main__",
        "py:no_such:f": "start rexbench in the folder that holds it",
        f"py:{'a' * 5000}:f": "at most 400 characters",
        "py:a\nb:c": "is written py:package.module:callable",
        "timm:hf_hub:x": "is written timm:NAME",
        "timm:hf-hub:x/y": "is written timm:NAME",
        "torchvision:../x": "is written torchvision:NAME",
        "a\nb.onnx": "can't be printed; rename the file",
        "\udcff.onnx": "can't be printed; rename the file",
        f"{'x' * 5000}.onnx": "at most 400 can be stored",
        "folder.onnx": "folder.onnx: is a folder",
        "pipe.onnx": "pipe.onnx: is no plain file",
        "none.pt2": "none.pt2: No such file",
    }.items(),
)
def test_a_name_of_no_model_is_one_line(name, words, folder):
    (folder / "folder.onnx").mkdir()
    os.mkfifo(folder / "pipe.onnx")
    with pytest.raises(InputError) as caught:
        resolve(name)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_file_has_one_spelling(folder):
    (folder / "net.pt2").touch()
    (folder / "timm:x.pt2").touch()
    spelled = [resolve(Request(name=name, trust=True))[1] for name in ("net.pt2", "./net.pt2", "a/../net.pt2")]
    assert spelled == ["net.pt2"] * 3
    assert resolve(Request(name="./timm:x.pt2", trust=True)) == ("pt2", "./timm:x.pt2")
    with pytest.raises(InputError, match="add --trust if you know who made the file"):
        resolve("net.pt2")


@pytest.mark.usefixtures("folder")
def test_arguments_are_part_of_the_name():
    request = Request(name="py:guests:Plain", model_args=json.loads('{"width": 3}'))
    assert resolve(request) == ("py", 'py:guests:Plain({"width":3})')
    subject = ask('py:guests:Plain({"width":3})')
    assert subject.cost["params"] == 3 * 27 + 3 + 3 * 5 + 5
