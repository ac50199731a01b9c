"""What every source of models does, found by the registry."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from rexnet_core.errors import InputError, RexbenchError
from rexnet_core.sources.registry import SOURCES, is_guest, open_for, resolve
from rexnet_core.sources.source import Request
from rexnet_core.sources.tensors import fix_shapes

ROOT = Path(__file__).parents[3]
FOREIGN = ["", "nothing", "a:b", "net.txt", "TIMM:x", "://"]


def ask(name, **options):
    return Request(name=name, trust=True, **options)


def test_a_name_belongs_to_one_source_and_has_one_spelling(source, name):
    kind, spelled = resolve(ask(name))
    assert kind == source.kind
    assert resolve(ask(spelled)) == (kind, spelled)
    assert is_guest(spelled) == (kind != "registered")


def test_names_of_others_are_left_to_them(source, name):
    others = [other for other in SOURCES.values() if other is not source and other.kind != "registered"]
    assert {other.resolve(ask(name)) for other in others} == {None}
    for foreign in FOREIGN:
        with pytest.raises(RexbenchError):
            resolve(foreign)


def test_resolving_imports_neither_torch_nor_the_package_of_the_model(source, name, folder):
    code = (
        "import sys\n"
        "from rexnet_core.sources.registry import resolve\n"
        "from rexnet_core.sources.source import Request\n"
        f"assert resolve(Request(name={name!r}, trust=True))[0] == {source.kind!r}\n"
        "assert not set(sys.modules) & set('torch timm torchvision onnx onnxruntime openvino own_model'.split())\n"
    )
    words, environment = [sys.executable, "-c", code], {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_opened_model_has_inputs_and_a_module_or_a_file(source, name):
    opened = source.open(resolve(ask(name))[1], None)
    assert (opened.module is None) != (opened.path is None)
    assert (opened.module is not None) == (source.form == "module")
    assert opened.inputs
    assert all(fix_shapes(opened.inputs, resolution=8))


def test_the_fingerprint_stays_while_the_model_does(source, name):
    spelled = resolve(ask(name))[1]
    source.open(spelled, None)
    first = source.fingerprint(spelled)
    source.open(spelled, None)
    assert source.fingerprint(spelled) == first
    assert bool(first) == (source.kind != "registered")


@pytest.mark.parametrize("kind", ["onnx", "ir", "pt2", "py"])
def test_the_fingerprint_changes_with_the_file(kind, folder, make_model):
    source, name = SOURCES[kind], make_model(kind)
    spelled = resolve(ask(name))[1]
    source.open(spelled, None)
    first = source.fingerprint(spelled)
    path = folder / (name if kind != "py" else "own_model.py")
    path.write_bytes(path.read_bytes() + b"\n")
    assert source.fingerprint(spelled) != first


def test_modules_are_single_precision_and_the_same_with_the_same_weights(source, name):
    """What two processes build is one model once they have loaded one file."""
    if source.form != "module":
        pytest.skip("a graph has no weights but its own")
    spelled = resolve(ask(name))[1]
    side = 8 if source.kind in {"py", "pt2"} else 64
    one, other = (open_for(source.kind, spelled, [(3, side, side)]).module for _ in range(2))
    other.load_state_dict(one.state_dict())
    for module in (one, other):
        if source.kind != "pt2":
            module.eval()
    image = torch.rand(1, 3, side, side)
    with torch.no_grad():
        assert torch.equal(one(image), other(image))
    assert {p.dtype for p in one.parameters()} <= {torch.float32}


def test_channels_are_taken_or_refused(source, name):
    spelled = resolve(ask(name))[1]
    if source.takes_channels:
        assert fix_shapes(source.open(spelled, 4).inputs, resolution=64, channels=4)[0][0] == 4
    elif source.kind != "py":
        with pytest.raises(InputError, match="leave out --in-channels"):
            source.open(spelled, 4)
