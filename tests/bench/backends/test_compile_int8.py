"""INT8 for inductor: what is quantised, under which names, and which layers were really executed in int8."""

from __future__ import annotations

import logging
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from bench.backends import Unavailable, Unsupported, open_backend, pt2e
from bench.backends.compile import INFO, Compiled, CompiledInt8
from bench.backends.graph_layers import Executed, Layer, join_precisions, list_layers, match_events, watch_layers
from bench.records.inputs import dump_inputs
from bench.statistics.fallback import find_fallback

from .conftest import make_case

CASE = {"precision": "int8", "calibration": "generated", "resolution": 16}


class Padded(torch.nn.Conv2d):
    """A convolution that pads by itself, as those of networks from TensorFlow do."""

    def forward(self, values):
        return super().forward(torch.nn.functional.pad(values, (0, 1, 0, 1)))


class Small(torch.nn.Module):
    """Four layers, one of which is called twice, as is the activation."""

    def __init__(self):
        super().__init__()
        self.stem = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.SiLU())
        self.padded = Padded(8, 16, 3, stride=2)
        self.twice = torch.nn.Conv2d(16, 16, 1)
        self.activation = torch.nn.ReLU(inplace=True)
        self.classifier = torch.nn.Linear(16, 10)

    def forward(self, images):
        values = self.activation(self.padded(self.stem(images)))
        return self.classifier(self.activation(self.twice(self.twice(values).relu())).mean((2, 3)))


NAMES = ["stem.0", "padded", "twice", "twice#2", "classifier"]


@pytest.fixture(scope="module")
def quantized(tmp_path_factory):
    """The folder with a quantised program, and the signal to noise of its layers."""
    folder = tmp_path_factory.mktemp("int8")
    torch.manual_seed(0)
    batches = [(np.random.default_rng(seed).standard_normal((2, 3, 16, 16), np.float32),) for seed in range(3)]
    dump_inputs(folder, [np.stack([batch for (batch,) in batches])])
    return folder, pt2e.open_quantize()(Small().eval(), batches, folder)


def test_every_layer_is_quantised_and_has_its_signal_to_noise(quantized):
    """Derived classes of convolutions, too, which torchao passes over by itself."""
    folder, layers = quantized
    assert list(layers) == NAMES
    assert all(20 < ratio < 70 for ratio in layers.values())
    read = list_layers(pt2e.read_quantized(folder / pt2e.quantized_name(2)).graph)
    assert [layer.name for layer in read] == NAMES
    assert all(layer.quantized for layer in read)
    first, *_, last = read
    assert (first.weights, first.macs) == ((8, 3, 3, 3), 2 * 8 * 14 * 14 * 3 * 9)
    assert last.macs == 2 * 16 * 10


def test_a_quantised_program_computes_nearly_what_the_module_computes(quantized):
    program = pt2e.read_quantized(quantized[0] / pt2e.quantized_name(2)).module()
    torch.manual_seed(0)
    expected = Small().eval()(images := torch.rand(2, 3, 16, 16))
    assert (program(images) - expected).abs().max() < 0.1 * expected.abs().max()


def test_importing_torchao_prints_nothing_and_leaves_loggers_as_they_were(capfd):
    before = logging.getLogger("torchao").level
    pt2e.import_torchao()
    assert capfd.readouterr().err == ""
    assert logging.getLogger("torchao").level == before


def test_without_torchao_int8_is_unavailable_with_the_extra_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchao", None)
    monkeypatch.delitem(sys.modules, "torchao.quantization.pt2e.quantize_pt2e", raising=False)
    with pytest.raises(Unavailable, match=r'int8 needs torchao; pip install "rexbench\[int8\]"'):
        INFO.quantize()


@pytest.mark.parametrize(("overflows", "most"), [(True, 127), (False, 255)])
def test_activations_have_seven_bits_where_sums_of_products_overflow(monkeypatch, overflows, most):
    monkeypatch.setattr(pt2e, "sums_of_int8_overflow", lambda: overflows)
    assert pt2e._make_quantizer().global_config.input_activation.quant_max == most


def test_int8_is_for_processors_alone_and_a_backend_of_its_own_kind(tmp_path):
    assert isinstance(open_backend(make_case("compile", **CASE), tmp_path), CompiledInt8)
    assert not isinstance(open_backend(make_case("compile"), tmp_path), CompiledInt8)
    with pytest.raises(Unsupported, match="compile supports int8 on the device cpu, not cuda"):
        open_backend(make_case("compile", **CASE, device="cuda"), tmp_path)


def make_layer(name, weights, *, quantized=True):
    return Layer(node=None, name=name, quantized=quantized, weights=weights, macs=100)


def make_event(name, *shapes, parent=None, time_us=5.0):
    time_range = SimpleNamespace(elapsed_us=lambda: time_us)
    return SimpleNamespace(name=name, input_shapes=list(shapes), cpu_parent=parent, time_range=time_range)


def test_layers_are_told_from_the_operations_that_were_executed_by_their_weights():
    layers = [make_layer("a", (8, 3, 3, 3)), make_layer("b", (4, 8, 1, 1)), make_layer("c", (10, 4))]
    outer = make_event("aten::convolution", [1, 3, 9, 9], [8, 3, 3, 3])
    events = [
        make_event("onednn::qlinear_pointwise", [1, 4], [], [4, 10]),
        outer,
        make_event("aten::_convolution", [1, 3, 9, 9], [8, 3, 3, 3], parent=outer),
        make_event("aten::convolution", [1, 3, 9, 9], [8, 3, 3, 3], parent=outer),
        make_event("aten::relu", [4, 8, 1, 1]),
    ]
    found = match_events(layers, events)
    assert [one.precision for one in found] == ["fp32", "generated code", "int8"]
    assert found[0].time_s == pytest.approx(5e-6)
    assert found[1].time_s is None
    assert join_precisions(found) == "fp32 and generated code and int8"


def test_the_precision_is_that_of_the_layers_that_are_quantised_in_the_program():
    kept = Executed(layer=make_layer("a", (1,), quantized=False), kind="x", precision="fp32", time_s=1.0)
    quantized = Executed(layer=make_layer("b", (1,)), kind="x", precision="int8", time_s=1.0)
    assert join_precisions([kept, quantized]) == "int8"
    assert join_precisions([kept]) == "fp32"


#: Inductor finds no int8 convolution where two share weights, and computes them in single precision without a word.
SHARED = {"twice", "twice#2"}


class Thawed(CompiledInt8):
    """A backend that leaves freezing out, so that inductor computes in single precision without a word."""

    def compile(self):
        Compiled.compile(self)


@pytest.mark.extra
@pytest.mark.parametrize(("kind", "int8"), [(CompiledInt8, set(NAMES) - SHARED), (Thawed, set())])
def test_layers_that_are_executed_in_single_precision_are_found(quantized, kind, int8, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    backend = kind(make_case("compile", **CASE), quantized[0])
    pt2e.import_torchao()
    try:
        backend.build()
        backend.convert()
        backend.compile()
        backend.feed(np.load(quantized[0] / "images.npy"))
        joined = join_precisions(watch_layers(backend.layers, backend.runner(0)))
        layers = backend.profile()
    finally:
        torch.set_grad_enabled(True)
    assert [layer.layer for layer in layers] == NAMES
    assert {layer.layer for layer in layers if layer.precision == "int8"} == int8
    assert joined == ("fp32 and int8" if int8 else "fp32")
    assert find_fallback(layers, NAMES).startswith(f"{len(NAMES) - len(int8)} quantised layers ran in fp32, with ")
    assert all(layer.time_s > 0 and layer.macs > 0 for layer in layers)
