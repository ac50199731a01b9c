"""Quantised graphs of OpenVINO: what runs in another precision than was asked for is named."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from bench.backends import Unavailable
from bench.backends import openvino_int8 as int8
from bench.backends.openvino import OpenVino, dump_ir, ir_name
from bench.backends.openvino_int8 import int8_name, list_layers, open_quantize, read_layers, run_nncf
from bench.records.case import Case
from bench.statistics.fallback import find_fallback, int8_share
from bench.statistics.parity import compare, find_mismatches

CASE = Case(model="m", resolution=16, batch=1, backend="openvino", precision="int8", calibration="generated", threads=1)
SHAPE = (1, 3, 16, 16)


def make_module():
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 16, 3),
        torch.nn.ReLU(),
        torch.nn.Conv2d(16, 16, 3),
        torch.nn.Flatten(),
        torch.nn.Linear(2304, 5),
    ).eval()


BATCHES = [(np.random.default_rng(seed).standard_normal(SHAPE).astype(np.float32),) for seed in range(8)]


@pytest.fixture(scope="module")
def quantized(tmp_path_factory):
    """A folder with the graph in fp32 and in int8, and what the quantisation told of its layers."""
    folder = tmp_path_factory.mktemp("int8")
    module = make_module()
    dump_ir(module, (torch.zeros(SHAPE),), folder)
    return folder, dict(open_quantize()(module, BATCHES, folder))


@pytest.fixture
def copied(quantized, tmp_path):
    shutil.copytree(quantized[0], tmp_path, dirs_exist_ok=True)
    return tmp_path


def run(folder, **changes):
    """A backend that has computed once, and its output."""
    backend = OpenVino(replace(CASE, **changes), folder)
    for phase in (backend.load, backend.build, backend.convert, backend.compile):
        phase()
    backend.feed(BATCHES[0][0][None])
    return backend, backend.read(backend.runner(0)())[0]


def mismatches(backend, output):
    with torch.inference_mode():
        right = make_module()(torch.from_numpy(BATCHES[0][0])).numpy()
    return find_mismatches(backend.case, backend.effective(), compare(right[None], output[None], "int8"))


@pytest.mark.survival
def test_layers_have_the_names_of_the_module_and_run_in_int8(quantized):
    folder, noise = quantized
    assert list(noise) == ["0", "2", "4"]
    assert all(value > 20 for value in noise.values())
    backend, output = run(folder)
    assert mismatches(backend, output) == []
    layers = backend.profile()
    assert [(layer.layer, layer.precision, layer.macs) for layer in layers] == [
        ("0", "int8", 16 * 27 * 14 * 14),
        ("2", "int8", 16 * 16 * 9 * 12 * 12),
        ("4", "int8", 2304 * 5),
    ]
    assert all(layer.time_s > 0 for layer in layers)
    assert int8_share(layers) == 1
    assert find_fallback(layers, noise) == ""


@pytest.mark.survival
def test_a_first_layer_that_was_left_out_is_named(copied, quantized):
    import nncf  # noqa: PLC0415
    import openvino  # noqa: PLC0415

    graph = openvino.Core().read_model(copied / ir_name(1))
    first = read_layers(copied / int8_name(1))[0].node
    partly = run_nncf(graph, BATCHES, ignored_scope=nncf.IgnoredScope(names=[first]))
    openvino.save_model(partly, copied / int8_name(1), compress_to_fp16=False)
    backend, output = run(copied)
    # The file beside the graph still says that the first layer is quantised.
    assert mismatches(backend, output) == ["asked for precision int8, got fp32 and int8"]
    assert find_fallback(backend.profile(), quantized[1]).startswith("1 quantised layers ran in fp32, with ")
    assert find_fallback(backend.profile(), quantized[1]).endswith(": 0")


@pytest.mark.survival
def test_fp32_in_place_of_int8_is_named(copied):
    for suffix in (".xml", ".bin"):
        shutil.copyfile((copied / ir_name(1)).with_suffix(suffix), (copied / int8_name(1)).with_suffix(suffix))
    assert mismatches(*run(copied)) == ["asked for precision int8, got fp32"]


@pytest.mark.survival
def test_an_int8_graph_in_which_nothing_is_quantised_is_no_int8(copied):
    for suffix in (".xml", ".bin"):
        shutil.copyfile((copied / ir_name(1)).with_suffix(suffix), (copied / int8_name(1)).with_suffix(suffix))
    layers = [{**one, "quantized": False} for one in json.loads((copied / "batch1-int8.json").read_text())]
    (copied / "batch1-int8.json").write_text(json.dumps(layers))
    assert mismatches(*run(copied)) == ["asked for precision int8, got fp32"]


def test_without_nncf_int8_is_unavailable_with_the_extra_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(Unavailable, match=r'int8 of openvino needs nncf; pip install "rexbench\[int8\]"'):
        open_quantize()


def test_names_go_to_nodes_of_the_same_size_in_the_order_of_calls(tmp_path):
    import openvino  # noqa: PLC0415

    dump_ir(make_module(), (torch.zeros(SHAPE),), tmp_path)
    graph = openvino.Core().read_model(tmp_path / ir_name(1))
    calls = int8.list_module_layers(make_module(), BATCHES[0])
    assert [(layer.layer, layer.quantized) for layer in list_layers(graph, calls, 1)] == [
        ("0", False),
        ("2", False),
        ("4", False),
    ]
    unnamed = [layer.layer for layer in list_layers(graph, [], 1)]
    assert len(set(unnamed)) == 3
