"""Models from elsewhere in every command: counted, evaluated, probed, and one line for each mistake."""

import sys
import textwrap

import numpy as np
import pytest
import torch
from PIL import Image

SIDE = 32
MODELS = """
import os, sys
import torch
from torch import nn

print("printed by the import")


class Colours(nn.Module):
    '''The class is the strongest colour; it is trained, as it has no batch norm.'''

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 3, 1)
        self.head = nn.Linear(3, 3)
        with torch.no_grad():
            for weight, bias in ((self.first.weight, self.first.bias), (self.head.weight, self.head.bias)):
                weight.copy_(torch.eye(3).reshape(weight.shape))
                bias.zero_()

    def forward(self, x):
        print("printed by Python")
        os.write(1, b"printed by the system")
        return self.head(self.first(x).mean((2, 3)))


def fresh(width=4):
    body = [nn.Conv2d(3, width, 3, stride=2), nn.BatchNorm2d(width), nn.ReLU()]
    return nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 3))


class Quits(Colours):
    def forward(self, x):
        sys.exit(3)


class Raises(Colours):
    def forward(self, x):
        raise KeyError("no such\\nlayer")


class Two(Colours):
    def forward(self, x):
        return x, x
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The user's folder: models, and images in folders by their strongest colour, one of them in a wrong one."""
    (tmp_path / "guest_models.py").write_text(textwrap.dedent(MODELS))
    random = np.random.default_rng(0)
    for index, name in enumerate("abc"):
        (tmp_path / "val" / name).mkdir(parents=True)
        for number in range(4):
            pixels = random.integers(0, 100, (40, 48, 3), dtype=np.uint8)
            strongest = (index + 1) % 3 if (name, number) == ("c", 0) else index
            pixels[..., strongest] += 150
            Image.fromarray(pixels).save(tmp_path / "val" / name / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def forget_models():
    """Each test imports the user's module anew."""
    yield
    sys.modules.pop("guest_models", None)


def export_onnx(path, *, batch=1, kind="FLOAT"):
    """Means over the positions, then a matrix: three classes."""
    onnx = pytest.importorskip("onnx", reason="ONNX files need the package onnx")
    floats, helper = onnx.TensorProto.FLOAT, onnx.helper
    weight = np.eye(3, dtype=np.float32)
    nodes = [
        helper.make_node("Cast", ["x"], ["pixels"], to=floats),
        helper.make_node("GlobalAveragePool", ["pixels"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weight"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("x", getattr(onnx.TensorProto, kind), [batch, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("logits", floats, [batch, 3])],
        [helper.make_tensor("weight", floats, [3, 3], weight.ravel())],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


@pytest.mark.usefixtures("folder")
def test_a_users_module_is_counted_in_a_process_of_its_own(call):
    document = call("complexity", "py:guest_models:fresh", "--model-args", "'{\"width\": 8}'", "--json").document
    assert document["model"] == 'py:guest_models:fresh({"width":8})'
    assert (document["params"], document["resolution"]) == (3 * 8 * 9 + 8 + 16 + 8 * 3 + 3, 224)
    assert document["source"] == "py"
    assert document["fingerprint"].startswith("sha256:")
    assert "input_shapes" not in document
    rows = call("complexity", "py:guest_models:Colours", "--input-shape", "1,3,16,24", "--per-layer", "--csv").out
    assert [row.split(",")[:3] for row in rows.splitlines()[1:]] == [
        ["py:guest_models:Colours", "16", "1x3x16x24"],
        ["py:guest_models:Colours", "16", "1x3x16x24"],
    ]


def test_a_graph_file_is_counted(call, folder):
    export_onnx(folder / "colours.onnx")
    document = call("complexity", "colours.onnx", "--json").document
    assert (document["macs"], document["resolution"], document["source"]) == (9, SIDE, "onnx")


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (("py:guest_models:Quits",), 1, "py:guest_models:Quits can't be counted"),
        (("py:guest_models:Raises",), 1, "no such"),
        (("py:guest_models:none",), 2, "has no none"),
        (("nothing.onnx",), 2, "No such file"),
        (("nothing.pt2",), 2, "No such file"),
        (("py:guest_models:Colours", "--num-classes", "5"), 2, "--num-classes is for models of ours"),
        (("py:guest_models:Colours", "--resolution", "64", "--input-shape", "1,3,8,8"), 2, "give only one"),
        (("py:guest_models:Colours", "--model-args", "3"), 2, "must be a JSON object"),
        (("rexnet_1.0", "--model-args", "{}"), 2, "there is none; leave them out"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_cannot_be_counted_is_one_line(call, words, code, line):
    answer = call("complexity", *words, "--json")
    assert (answer.code, answer.out, answer.err.count("\n")) == (code, "", 1)
    assert line in answer.err


@pytest.mark.parametrize("name", ["py:guest_models:Colours", "colours.onnx", "free.onnx", "colours.pt2"])
def test_an_accuracy_of_any_source_is_the_same(call, folder, name):
    export_onnx(folder / "colours.onnx") if name == "colours.onnx" else None
    export_onnx(folder / "free.onnx", batch="N") if name == "free.onnx" else None
    if name == "colours.pt2":
        module = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
        torch.export.save(torch.export.export(module, (torch.zeros(1, 3, SIDE, SIDE),)), folder / name)
    words = ("evaluate", name, "--images", "val", "--batch-size", "5", "--trust", "--threads", "1")
    answer = call(*words, "--json", *(() if "onnx" in name or "pt2" in name else ("--resolution", str(SIDE))))
    document = answer.document
    assert (document["images"], document["top1_correct"]) == (12, 11)
    assert document["preprocessing"]["of"].startswith("the usual")
    if name.startswith("py:"):
        assert document["reference"] == "eager fp32"
        assert "printed by Python" in answer.err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("py:guest_models:fresh",), "needs trained weights, py:guest_models:fresh comes without"),
        (("py:guest_models:Quits",), "called sys.exit(3)"),
        (("py:guest_models:Raises",), "raised KeyError"),
        (("py:guest_models:Two",), "must give one tensor of logits, it gives 2 outputs"),
        (("py:guest_models:Colours", "--in-channels", "1"), "must take square images of 3 colours"),
        (("py:guest_models:Colours", "--input-shape", "1,3,8,16"), "must take square images of 3 colours"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_cannot_be_evaluated_is_one_line(call, words, line):
    answer = call("evaluate", *words, "--images", "val", "--threads", "1", "--json")
    assert (answer.code, answer.out) == (2, "")
    [said] = [part for part in answer.err.splitlines() if part.startswith("rexbench: ")]
    assert line in said


@pytest.mark.survival
def test_ranks_of_any_module_are_measured_beside_ours(call, folder):
    words = "--resolution 32 --image-count 12 --batch-size 6 --jacobian 1 --threads 1 --json"
    answer = call("rank network rexnet_0.5 py:guest_models:fresh py:guest_models:Colours", words)
    ours, fresh, own = answer.document["models"]
    assert ours["blocks"]
    assert (fresh["blocks"], fresh["source"]) == ([], "py")
    assert fresh["weights"] == "initial, with batch norm statistics of generated images"
    assert own["weights"] == "the model's own"
    assert [tap["tap"] for tap in fresh["taps"]] == ["0", "1", "2", "5"]
    assert [tap["depth"] for tap in fresh["taps"]] == [0, 1 / 3, 2 / 3, 1]
    assert fresh["taps"][0]["bound_reason"] == "as many as channels"
    assert {layer["layer"]: layer["macs"] for layer in fresh["layers"]}["0"] == 15 * 15 * 27 * 4
    assert "printed by the system" not in answer.out
    page = next((folder / "results").glob("*/report.html")).read_text()
    assert "py:guest_models:fresh" in page


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("py:guest_models:Quits", "py:guest_models:Quits called sys.exit(3)"),
        ("py:guest_models:Raises", "py:guest_models:Raises raised KeyError"),
        ("py:guest_models:Colours --taps nothing", "unknown tap 'nothing'"),
        ("colours.onnx", "needs modules of torch; colours.onnx is a file of a graph"),
    ],
)
def test_what_cannot_be_probed_is_one_line(call, folder, words, line):
    (folder / "colours.onnx").write_bytes(b"")
    answer = call("rank network", words, "--resolution 32 --image-count 4 --threads 1 --json")
    assert (answer.code, answer.out) == (2, "")
    assert [said for said in answer.err.splitlines() if said.startswith("rexbench: ")] == [
        said for said in answer.err.splitlines() if line in said
    ]


@pytest.mark.usefixtures("folder")
def test_a_graph_of_bytes_that_tells_nothing_gets_pixels_as_they_are(call):
    export_onnx("bytes.onnx", kind="UINT8")
    found = call("predict bytes.onnx val/b/0.png --crop-ratio 1 --json").document
    assert found["preprocessing"]["mean"] == [0.0, 0.0, 0.0]
    assert found["preprocessing"]["of"].startswith("pixels as they are, since the model takes bytes")
    assert found["pictures"][0]["classes"][0]["class"] == 1
