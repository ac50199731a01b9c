"""ONNX Runtime: what it did is read from its profile, and each way to do something else is named."""

from __future__ import annotations

import importlib.util
import json
import time
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from graph_files import make_onnx, make_tensor, save_small, small_nodes
from onnxruntime import quantization

from analysis.graphs.literal_run import open_literal
from bench.backends import Unavailable, onnx_session, open_backend
from bench.backends.onnx_export import dump_onnx, int8_name, onnx_name, open_export
from bench.backends.onnx_int8 import quantize
from bench.backends.onnx_layers import OnnxLayer, dump_layers, list_layers, load_layers
from bench.backends.onnxruntime import INFO, find_obstacle
from bench.backends.registry import load_backend
from bench.machine.variables import find_dropped
from bench.planning.streams import expand_streams
from bench.records.case import QUANTIZED, Case
from bench.statistics.fallback import find_fallback, int8_share
from bench.statistics.parity import compare, find_mismatches

from .conftest import make_case
from .test_conformance import run as run_round

SHAPE = (3, 8, 8)


@pytest.fixture
def file(tmp_path):
    return save_small(tmp_path / "small.onnx")


@pytest.fixture
def folder(file, tmp_path):
    """A folder with what `bench.assets` would leave there."""
    (own := tmp_path / "assets").mkdir()
    dump_onnx(file, (np.zeros((1, *SHAPE), np.float32),), own)
    return own


@pytest.fixture
def batches():
    drawn = np.random.default_rng(0).uniform(-1, 1, (8, 1, *SHAPE)).astype(np.float32)
    return [(images,) for images in drawn]


def run(folder, **changes):
    """A backend after its first inference, with the outputs of two batches."""
    known = {"model": "small.onnx", "source": "onnx", "resolution": 8, "batch": 1, "threads": 2}
    backend = open_backend(Case(**{"backend": INFO.name, **known, **changes}), folder)
    for phase in (backend.load, backend.build, backend.convert, backend.compile):
        phase()
    backend.feed(np.random.default_rng(1).uniform(-1, 1, (2, 1, *SHAPE)).astype(np.float32))
    return backend, np.stack([backend.read(backend.runner(index)())[0] for index in range(2)])


def mismatches(file, backend, outputs):
    reference, words = open_literal(file, [(1, *SHAPE)])
    inputs = np.random.default_rng(1).uniform(-1, 1, (2, 1, *SHAPE)).astype(np.float32)
    expected = np.stack([reference((images,))[0] for images in inputs])
    parity = compare(expected, outputs, backend.case.precision, words=words)
    return find_mismatches(backend.case, backend.effective(), parity)


def test_what_was_asked_for_is_read_back(file, folder):
    backend, outputs = run(folder)
    effective = backend.effective()
    assert (effective.precision, effective.device, effective.threads, effective.streams) == ("fp32", "cpu", 2, 1)
    assert effective.details["providers"] == ["CPUExecutionProvider"]
    assert mismatches(file, backend, outputs) == []


def test_the_profile_is_removed(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = set(tmp_path.iterdir())
    backend, _ = run(folder)
    assert set(tmp_path.iterdir()) == before
    assert {node.kind for node in backend.nodes if node.computes} <= {"Conv", "FusedConv", "Gemm"}


def test_a_profile_that_can_not_be_read_names_the_remedy(folder, monkeypatch):
    monkeypatch.setattr("json.loads", lambda _text: json.JSONDecoder().decode("["))
    with pytest.raises(Unavailable, match=r"must write a profile.*; free some room in "):
        run(folder)


def test_another_execution_provider_is_named(file, folder, monkeypatch):
    read = onnx_session._read_node

    def elsewhere(event):
        node = read(event)
        return replace(node, provider="XnnpackExecutionProvider") if node.kind == "Gemm" else node

    monkeypatch.setattr(onnx_session, "_read_node", elsewhere)
    assert mismatches(file, *run(folder)) == [
        "asked for device cpu, got CPUExecutionProvider and XnnpackExecutionProvider"
    ]


def test_an_export_that_gives_other_logits_is_named(file, folder):
    model = onnx.load(folder / onnx_name(1))
    [bias] = [tensor for tensor in model.graph.initializer if tensor.name == "head.bias"]
    bias.CopyFrom(onnx.numpy_helper.from_array(-onnx.numpy_helper.to_array(bias), "head.bias"))
    onnx.save(model, folder / onnx_name(1))
    [mismatch] = mismatches(file, *run(folder))
    assert mismatch.startswith("output differs from onnxruntime ")


def test_an_int8_form_runs_in_int8_and_its_layers_are_named(file, folder, batches):
    noise = quantize(file, batches, folder)
    assert set(noise) == {"stem", "head"}
    assert all(value > 20 for value in noise.values())
    backend, outputs = run(folder, precision=QUANTIZED)
    assert mismatches(file, backend, outputs) == []
    layers = backend.profile()
    assert [(layer.layer, layer.precision, layer.macs) for layer in layers] == [
        ("stem", QUANTIZED, 4 * 4 * 4 * 27),
        ("head", QUANTIZED, 20),
    ]
    assert all(layer.time_s > 0 and layer.provider == "CPUExecutionProvider" for layer in layers)
    assert find_fallback(layers, noise) == ""
    assert not list(folder.glob("*simplified*")) + list(folder.glob("*probe*"))


def test_a_first_layer_that_was_left_out_is_named(file, folder, batches, monkeypatch):
    whole = quantization.quantize_static

    def leave_out(source, target, *args, **options):
        first = onnx.load(source).graph.node[0].name
        whole(source, target, *args, **options, nodes_to_exclude=[first])

    monkeypatch.setattr(quantization, "quantize_static", leave_out)
    assert set(quantize(file, batches, folder)) == {"head"}
    layers = run(folder, precision=QUANTIZED)[0].profile()
    assert [(layer.layer, layer.precision) for layer in layers] == [("stem", "fp32"), ("head", QUANTIZED)]
    assert int8_share(layers) == pytest.approx(20 / (20 + 4 * 4 * 4 * 27))
    # One that says that it quantised all.
    claimed = [replace(layer, quantized=True) for layer in load_layers(folder / int8_name(1))]
    dump_layers(folder / int8_name(1), claimed)
    assert "1 quantised layers ran in fp32" in find_fallback(layers, [layer.name for layer in claimed])
    assert mismatches(file, *run(folder, precision=QUANTIZED)) == ["asked for precision int8, got fp32 and int8"]


@pytest.mark.parametrize("claims", [False, True])
def test_fp32_in_place_of_int8_is_named(file, folder, claims):
    (folder / int8_name(1)).write_bytes((folder / onnx_name(1)).read_bytes())
    layers = [replace(layer, quantized=claims) for layer in load_layers(folder / onnx_name(1))]
    dump_layers(folder / int8_name(1), layers)
    assert "asked for precision int8, got fp32" in mismatches(file, *run(folder, precision=QUANTIZED))


def test_a_quantised_layer_that_no_node_is_known_to_be_is_not_taken_for_int8(file, folder, batches):
    quantize(file, batches, folder)
    lost = OnnxLayer(name="lost", macs=1, given="z", rounded="z", elements=1, names=("z",), quantized=True)
    dump_layers(folder / int8_name(1), [*load_layers(folder / int8_name(1)), lost])
    assert mismatches(file, *run(folder, precision=QUANTIZED)) == ["asked for precision int8, got int8 and unknown"]


@pytest.mark.parametrize(("streams", "threads"), [(1, 1), (2, 2), (2, 3)])
def test_callers_and_pool_are_as_many_threads_as_were_given(folder, streams, threads):
    backend, outputs = run(folder, scenario="throughput", streams=streams, threads=threads)
    effective = backend.effective()
    assert (effective.threads, effective.streams, effective.jobs) == (threads, streams, streams)
    assert np.array_equal(backend.read(backend.request(1)())[0], outputs[1])


def test_each_caller_has_its_least_requests_and_all_together_no_more_than_the_most(folder):
    backend, _ = run(folder, scenario="throughput", streams=2)
    assert len(backend.pump(time.monotonic() - 1, 3, 0)) == 6
    # A caller that begins after the last still has its least.
    assert 40 <= len(backend.pump(time.monotonic() + 60, 1, 40)) <= 41
    times = backend.pump(time.monotonic() + 0.05, 1, 10**9)
    assert len(times) > 2
    assert all(start < end for start, end in times)


@pytest.mark.survival
def test_two_callers_keep_two_requests_in_flight(assets, tmp_path):
    case = make_case(INFO.name, threads=2, scenario="throughput", streams=2)
    _, effective, _ = run_round(case, assets, tmp_path)
    assert (effective.streams, effective.threads, effective.jobs) == (2, 2, 2)


def test_without_a_hint_none_is_planned_and_one_that_is_asked_for_is_unsupported():
    case = Case(model="rexnet_1.0", resolution=8, batch=1, backend=INFO.name, threads=2, scenario="throughput")
    assert expand_streams("throughput", None, INFO.name, 2) == [1, 2]
    assert INFO.why_unsupported(replace(case, streams=2)) == ""
    assert INFO.why_unsupported(case) == (
        f"{INFO.name} has no throughput hint; name its number of streams, such as --streams 2"
    )


def test_a_file_gets_the_shapes_of_the_case_and_keeps_weights_that_lie_beside_it(tmp_path, batches):
    (own := tmp_path / "assets").mkdir()
    path = tmp_path / "open.onnx"
    nodes, _ = small_nodes()
    sizes = {"stem.weight": (64, 3, 3, 3), "stem.bias": (64,), "head.weight": (5, 64), "head.bias": (5,)}
    tensors = [make_tensor(name, shape) for name, shape in sizes.items()]
    model = make_onnx(nodes, tensors, inputs=[("x", ("N", 3, 8, 8))], outputs=[("y", ("N", 5))])
    onnx.save(model, path, save_as_external_data=True, size_threshold=0, location="weights.bin")
    dump_onnx(path, (np.zeros((4, *SHAPE), np.float32),), own)
    session = onnx_session.open_session(own / onnx_name(4), 1)
    assert [one.shape for one in session.get_inputs()] == [[4, *SHAPE]]
    assert session.run(None, {"x": np.zeros((4, *SHAPE), np.float32)})[0].shape == (4, 5)
    assert {one.name for one in own.iterdir()} >= {onnx_name(4), f"{onnx_name(4)}.data"}
    four = [tuple(np.concatenate([images] * 4) for images in batch) for batch in batches]
    assert set(quantize(path, four, own)) == {"stem", "head"}


def test_what_is_missing_is_said_in_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    line = 'onnxruntime and onnx and onnxscript must be installed; pip install "rexbench[onnx]"'
    assert find_obstacle() == line
    case = Case(model="rexnet_1.0", resolution=8, batch=1, backend=INFO.name)
    for attempt in (open_export, INFO.quantize, load_backend(INFO.name).open_backend(case, tmp_path).load):
        with pytest.raises(Unavailable, match=r'must be installed; pip install "rexbench\[onnx\]"$'):
            attempt()


def test_settings_that_a_model_brings_along_are_not_taken(monkeypatch):
    monkeypatch.setenv("ORT_LOAD_CONFIG_FROM_MODEL", "1")
    assert "ORT_LOAD_CONFIG_FROM_MODEL" in find_dropped()


@pytest.mark.extra
def test_a_module_is_exported_without_a_word(tmp_path, capfd):
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.SiLU()).eval()
    open_export()(module, (torch.zeros(1, *SHAPE),), tmp_path)
    assert capfd.readouterr() == ("", "")
    [layer] = list_layers(onnx.load(tmp_path / onnx_name(1)))
    assert (layer.name, layer.macs, layer.quantized) == ("0", 36 * 4 * 27, False)
