"""ONNX files and OpenVINO IRs with edits anywhere."""

import numpy as np
import openvino
import pytest
from graph_files import put_outside, save_small
from mutations import edit
from openvino import opset13

from rexnet_core.sources.onnx_file import describe_onnx
from rexnet_core.sources.openvino_ir import describe_ir


@pytest.fixture
def whole(tmp_path):
    """Files that can be described, as bytes by suffix; weights lie beside them."""
    image = opset13.parameter([-1, 3, 8, 8], np.float32, name="image")
    conv = opset13.convolution(image, np.full((4, 3, 3, 3), 0.5, np.float32), [1, 1], [1, 1], [1, 1], [1, 1])
    openvino.save_model(openvino.Model([conv], [image], "small"), tmp_path / "m.xml", compress_to_fp16=False)
    (tmp_path / "w.bin").write_bytes(bytes(432))
    onnx = [save_small(tmp_path / "a.onnx"), put_outside(tmp_path / "b.onnx", "w.bin")]
    return [(path.suffix, path.read_bytes()) for path in [*onnx, tmp_path / "m.xml"]]


def test_any_graph_file_is_refused_in_one_line_or_described(fuzz, tmp_path, whole):
    def make(chance):
        suffix, content = chance.choice(whole)
        return suffix, edit(chance, content)

    def attempt(made):
        suffix, content = made
        path = tmp_path / f"m{suffix}"
        path.write_bytes(content)
        before = sorted(tmp_path.iterdir())
        told = (describe_ir if suffix == ".xml" else describe_onnx)(path)
        assert sorted(tmp_path.iterdir()) == before
        assert told is not None
        return "described"

    fuzz("graph files", make, attempt)
