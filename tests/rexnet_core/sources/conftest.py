"""A small model of each source, made here."""

from __future__ import annotations

import sys

import pytest
import torch

from rexnet_core.sources.registry import SOURCES

OWN = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, width=2):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3)

    def forward(self, x):
        return self.conv(x).mean((2, 3))
"""


def _write_module(folder):
    (folder / "own_model.py").write_text(OWN)
    return "py:own_model:Net"


def _write_exported(folder):
    module = torch.nn.Conv2d(3, 2, 3).eval()
    varies = ({0: torch.export.Dim.AUTO},)
    program = torch.export.export(module, (torch.zeros(2, 3, 8, 8),), dynamic_shapes=varies)
    torch.export.save(program, folder / "net.pt2")
    return "net.pt2"


def _write_onnx(folder):
    onnx = pytest.importorskip("onnx")
    image = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 3, 8, 8])
    result = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["n", 3, 8, 8])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "net", [image], [result])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)]), folder / "net.onnx")
    return "net.onnx"


def _write_ir(folder):
    import openvino  # noqa: PLC0415
    from openvino import opset8  # noqa: PLC0415

    image = opset8.parameter([-1, 3, 8, 8], name="x")
    openvino.save_model(openvino.Model([opset8.relu(image)], [image], "net"), folder / "net.xml")
    return "net.xml"


def _name_of_package(name):
    def write(_folder):
        pytest.importorskip(name.partition(":")[0])
        return name

    return write


#: How to make a small model of each source. A new source needs its line here.
MAKERS = {
    "py": _write_module,
    "pt2": _write_exported,
    "onnx": _write_onnx,
    "ir": _write_ir,
    "timm": _name_of_package("timm:test_resnet"),
    "torchvision": _name_of_package("torchvision:squeezenet1_1"),
    "registered": lambda _folder: "rexnet_0.5",
}


@pytest.fixture(scope="session", autouse=True)
def importable_torchvision():
    """A torchvision for CUDA can be imported beside a torch for the CPU once the product has prepared it."""
    from rexnet_core.sources.torchvision_import import import_torchvision  # noqa: PLC0415

    try:
        import_torchvision()
    except ImportError:
        return


@pytest.fixture(params=sorted(SOURCES))
def source(request):
    return SOURCES[request.param]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, which is empty; nothing that is imported from it stays."""
    monkeypatch.chdir(tmp_path)
    before, path = set(sys.modules), list(sys.path)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def make_model(folder):
    """Makes a small model of a kind of source, and gives its name."""
    return lambda kind: MAKERS[kind](folder)


@pytest.fixture
def name(source, make_model):
    """The name of a small model of the source."""
    return make_model(source.kind)
