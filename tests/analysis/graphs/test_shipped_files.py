"""Trained ONNX files that a package ships: described, counted in two ways, and run in two."""

from importlib.util import find_spec
from math import prod
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from analysis.graphs.counting import count_graph
from analysis.graphs.literal_run import open_literal
from rexnet_core.sources.onnx_file import describe_onnx

#: Files with the shape of an input, multiply-adds and parameters there, and the shape of what they give.
FILES = {
    "ch_ppocr_mobile_v2.0_cls_infer.onnx": ((1, 3, 48, 192), 16_315_376, 129_356, (1, 2)),
    "ch_PP-OCRv4_det_infer.onnx": ((1, 3, 96, 96), 51_902_784, 1_171_489, (1, 1, 96, 96)),
    "ch_PP-OCRv4_rec_infer.onnx": ((1, 3, 48, 320), 701_701_440, 2_688_397, (1, 40, 6625)),
}


@pytest.fixture(params=[name if "_cls_" in name else pytest.param(name, marks=pytest.mark.extra) for name in FILES])
def shipped(request):
    """A file, and what is known of it."""
    package = find_spec("rapidocr_onnxruntime")
    if package is None:
        pytest.skip("rapidocr-onnxruntime is not installed")
    return Path(package.origin).parent / "models" / request.param, *FILES[request.param]


def recount(path, shape):
    """Multiply-adds by ONNX's own definitions of the operators, and the shapes that they have while they run."""
    model = onnx.load(path)
    held = {node.output[0]: tuple(node.attribute[0].t.dims) for node in model.graph.node if node.op_type == "Constant"}
    layers = [node for node in model.graph.node if len(node.input) > 1 and len(held.get(node.input[1], ())) > 1]
    layers = [node for node in layers if node.op_type in {"Conv", "ConvTranspose", "MatMul"}]
    # A convolution applies what it has for an output to each output, the others what they have for an input.
    followed = [node.output[0] if node.op_type == "Conv" else node.input[0] for node in layers]
    del model.graph.output[:]
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in followed)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = session.run(None, {"x": np.zeros(shape, np.float32)})
    weights = [held[node.input[1]] for node in layers]
    return sum(prod(array.shape) * prod(weight[1:]) for array, weight in zip(found, weights, strict=True))


def test_a_shipped_file_is_described_and_counted(shipped):
    path, shape, macs, params, _ = shipped
    told = describe_onnx(path)
    assert [spec.shape for spec in told.inputs] == [(None, 3, None, None)]
    cost = count_graph(path, [shape], name="file", resolution=shape[-1])
    assert (cost.macs, cost.params) == (macs, params)
    assert recount(path, shape) == macs


def test_a_shipped_file_runs_alike_in_both_runtimes(shipped, monkeypatch):
    path, shape, _, _, out_shape = shipped
    image = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    [literal] = open_literal(path, [shape])[0]((image,))
    monkeypatch.setattr("analysis.graphs.literal_run._import_onnxruntime", lambda: None)
    [other] = open_literal(path, [shape])[0]((image,))
    assert literal.shape == other.shape == out_shape
    # They are probabilities; the detector's are below 1e-4 on noise, so that a ratio to the largest would say nothing.
    np.testing.assert_allclose(other, literal, rtol=0, atol=1e-5)
