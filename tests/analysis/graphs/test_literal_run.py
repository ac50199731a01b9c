"""The literal run of a graph file: what it gives, what it is called, and what it does not let a file do."""

import sys

import numpy as np
import openvino
import pytest
from graph_files import make_tensor, save_onnx, save_small
from onnx import helper, numpy_helper

from analysis.graphs.literal_run import open_literal
from rexnet_core.errors import InputError, UnsupportedModelError

IMAGE = np.random.default_rng(1).standard_normal((1, 3, 8, 8)).astype(np.float32)


def by_numpy(image):
    """What the small file computes, written out."""
    stem, bias, head, shift = (
        numpy_helper.to_array(make_tensor("", shape)) for shape in ((4, 3, 3, 3), (4,), (5, 4), (5,))
    )
    padded = np.pad(image, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))[:, :, ::2, ::2]
    out = np.einsum("nchwij,ocij->nohw", windows, stem) + bias[:, None, None]
    return np.maximum(out, 0).mean((2, 3)) @ head.T + shift


def save_ir(path):
    openvino.save_model(openvino.Core().read_model(path), path.with_suffix(".xml"), compress_to_fp16=False)
    return path.with_suffix(".xml")


@pytest.mark.parametrize("form", ["onnx", "ir", "onnx without onnxruntime"])
def test_the_outputs_are_those_of_the_operations(tmp_path, monkeypatch, form):
    path = save_small(tmp_path / "m.onnx", "N")
    if form == "ir":
        path = save_ir(path)
    elif form != "onnx":
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
    run, told = open_literal(path, [(1, 3, 8, 8)])
    [first], [second] = run((IMAGE,)), run((2 * IMAGE,))
    np.testing.assert_allclose(first, by_numpy(IMAGE), rtol=1e-5)
    np.testing.assert_allclose(second, by_numpy(2 * IMAGE), rtol=1e-5)
    assert told.startswith("onnxruntime " if form == "onnx" else "openvino ")
    assert told.endswith("optimisations off" if form == "onnx" else "in fp32, its own fusing on")


def save_two(path):
    """A file of two inputs and two outputs that are easy to mix up."""
    nodes = [helper.make_node("Sub", ["b", "a"], ["first"]), helper.make_node("Relu", ["b"], ["second"])]
    shapes = [("a", ("N", 3)), ("b", ("N", 3))]
    return save_onnx(path, nodes, inputs=shapes, outputs=[("second", ("N", 3)), ("first", ("N", 3))])


@pytest.mark.parametrize("form", ["onnx", "ir"])
def test_inputs_and_outputs_keep_the_order_of_the_file(tmp_path, form):
    path = save_two(tmp_path / "m.onnx")
    run, _ = open_literal(path if form == "onnx" else save_ir(path), [(2, 3), (2, 3)])
    one, two = np.full((2, 3), 5, np.float32), np.full((2, 3), 7, np.float32)
    second, first = run((one, two))
    assert (second == 7).all()
    assert (first == 2).all()


def test_the_settings_that_a_model_brings_are_not_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("ORT_LOAD_CONFIG_FROM_MODEL", "1")
    path = save_small(tmp_path / "m.onnx", ort_config='{"session_options": {"enable_profiling": 1}}')
    monkeypatch.chdir(tmp_path)
    open_literal(path, [(1, 3, 8, 8)])[0]((IMAGE,))
    assert list(tmp_path.iterdir()) == [path]


def test_an_operator_that_the_runtime_does_not_have_is_one_line(tmp_path):
    nodes = [helper.make_node("NotThere", ["x"], ["y"], domain="com.microsoft")]
    path = save_onnx(tmp_path / "m.onnx", nodes, domains=["com.microsoft"])
    with pytest.raises(UnsupportedModelError, match=r"ONNX Runtime can't run .*NotThere.* is not a registered"):
        open_literal(path, [(1, 3, 8, 8)])


def test_a_model_that_fails_on_its_inputs_is_one_line(tmp_path):
    shape = numpy_helper.from_array(np.array([7]), "shape")
    nodes = [helper.make_node("Reshape", ["x", "shape"], ["y"])]
    path = save_onnx(tmp_path / "m.onnx", nodes, [shape], inputs=[("x", ("N", 3))], outputs=[("y", (7,))])
    run, _ = open_literal(path, [(2, 3)])
    with pytest.raises(UnsupportedModelError, match="fails on its inputs"):
        run((np.ones((2, 3), np.float32),))


def test_shapes_that_are_not_the_files_are_refused(tmp_path):
    path = save_small(tmp_path / "m.onnx")
    with pytest.raises(UnsupportedModelError, match="takes x of shape 1x3x8x8 and got 2x3x8x8"):
        open_literal(path, [(2, 3, 8, 8)])
    with pytest.raises(InputError, match="got 2 shapes"):
        open_literal(path, [(1, 3, 8, 8)] * 2)
